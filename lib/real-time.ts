import type { MetricOptions, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { realtimeTable } from '../src/definition/tables.ts';
import type { Alerts } from './alerts.ts';
import { Committer, type CommitterSettings } from './committer.ts';
import type { HandlerDefaults } from './handler.ts';
import type { Ingestion } from './ingestion.ts';
import type { Ledger } from './ledger.ts';
import type { Storage } from './storage.ts';
import { StreamProcessor, type ProcessorSettings } from './stream-processor.ts';

export interface RealTimeProps {
  plan: Plan;
  storage: Storage;
  ingestion: Ingestion;
  ledger: Ledger;
  alerts: Alerts;
  duckdb: ILayerVersion;
  defaults: HandlerDefaults;
  /** @default as the properties say */
  processor?: ProcessorSettings;
  /** @default as the properties say */
  committer?: CommitterSettings;
}

/** From streams to real-time tables: a processor for each stream, and the committer. */
export class RealTime extends Construct {
  readonly processors: ReadonlyMap<string, StreamProcessor>;
  readonly committer: Committer;
  readonly #plan: Plan;

  constructor(scope: Construct, id: string, props: RealTimeProps) {
    super(scope, id);
    this.#plan = props.plan;
    const { plan, storage, ledger, alerts, duckdb, defaults } = props;
    this.processors = new Map(
      [...props.ingestion.streams].map(([name, source]) => [
        name,
        new StreamProcessor(this, name, {
          ...props.processor,
          plan,
          source,
          storage,
          ledger,
          alerts,
          duckdb,
          defaults,
        }),
      ]),
    );
    this.committer = new Committer(this, 'Committer', {
      ...props.committer,
      plan,
      storage,
      ledger,
      defaults,
    });
  }

  /**
   * Milliseconds from the arrival of records to the commit that made them queryable, 99th percentile.
   * @param table a real-time table of the definition
   */
  metricFreshness(table: string, options: MetricOptions = {}): Metric {
    return this.committer.metricFreshness(realtimeTable(this.#plan, table), options);
  }

  /** Age of the oldest record of a stream that is not processed, in milliseconds. */
  metricLag(stream: string, options: MetricOptions = {}): Metric {
    const processor = this.processors.get(stream);
    if (!processor)
      throw new Error(`there is no stream "${stream}": use one of ${[...this.processors.keys()].join(', ')}`);
    return processor.metricLag(options);
  }
}
