import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { Tracer } from '@aws-lambda-powertools/tracer';
import type { Context } from 'aws-lambda';
import type { Log } from '../src/ports/log.ts';
import { Dimension, MetricName } from './metric-names.ts';

type Name = (typeof MetricName)[keyof typeof MetricName];
type Level = 'debug' | 'info' | 'warn' | 'error';

const MILLISECONDS: ReadonlySet<string> = new Set([MetricName.freshness, MetricName.lag]);

/** Logs, metrics and traces of one function. Never payloads: positions, counts, names and times only. */
export class Telemetry {
  readonly log: Log;
  readonly #logger: Logger;
  readonly #metrics = new Metrics();
  readonly #tracer = new Tracer();

  constructor(handler: string) {
    this.#logger = new Logger({ persistentKeys: { handler } });
    const line = (level: Level) => (message: string, fields?: Record<string, unknown>) =>
      this.#logger[level](message, fields ?? {});
    this.log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }

  /** Values about one stream or table, as one record in the log: CloudWatch makes metrics of it, nothing is sent. */
  measure(about: { stream: string } | { table: string }, values: Partial<Record<Name, number>>): void {
    if ('stream' in about) this.#metrics.addDimension(Dimension.stream, about.stream);
    else this.#metrics.addDimension(Dimension.table, about.table);
    for (const [name, value] of Object.entries(values))
      this.#metrics.addMetric(
        name,
        MILLISECONDS.has(name) ? MetricUnit.Milliseconds : MetricUnit.Count,
        value,
      );
    this.#metrics.publishStoredMetrics();
  }

  /**
   * Runs an invocation: its lines carry its id, its trace has a part of its own, and an error is told before it is
   * thrown on.
   */
  async invocation<T>(context: Context, work: () => Promise<T>): Promise<T> {
    this.#logger.addContext(context);
    const segment = this.#tracer.isTracingEnabled() ? this.#tracer.getSegment() : undefined;
    const part = segment?.addNewSubsegment('## handler');
    try {
      return await work();
    } catch (error) {
      this.log.error('the invocation failed', { error });
      if (error instanceof Error) part?.addError(error);
      throw error;
    } finally {
      part?.close();
    }
  }
}
