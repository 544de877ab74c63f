import { Duration } from 'aws-cdk-lib';
import { Metric, Stats, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnStreamConsumer } from 'aws-cdk-lib/aws-kinesis';
import {
  EventSourceMapping,
  MetricType,
  StartingPosition,
  type IEventSourceDlq,
  type ILayerVersion,
} from 'aws-cdk-lib/aws-lambda';
import type { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { Dimension, MetricName, METRICS_NAMESPACE } from '../lambdas/metric-names.ts';
import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../src/definition/tables.ts';
import type { Alerts } from './alerts.ts';
import { Handler, type HandlerDefaults } from './handler.ts';
import type { IngestionStream } from './ingestion.ts';
import type { Ledger } from './ledger.ts';
import { hotStoreName, ledgerName, streamArn, streamName } from './names.ts';
import type { Storage } from './storage.ts';
import { readMetadata, stageData } from './table-access.ts';

/** How batches of a stream are made and run. */
export interface ProcessorSettings {
  /** 1769 MB is one vCPU. @default 1769 */
  memoryMb?: number;
  /** Size of `/tmp`. @default 1024 */
  storageMb?: number;
  /** @default 2 minutes */
  timeout?: Duration;
  /** Records a batch at most. @default 10,000 */
  batchSize?: number;
  /** How long a batch waits to fill. @default 1 second */
  window?: Duration;
  /** A dedicated 2 MB/s a shard, and records pushed. @default false */
  enhancedFanOut?: boolean;
  /** Off pauses the processor; nothing is lost within the stream's retention. @default true */
  enabled?: boolean;
}

export interface StreamProcessorProps extends ProcessorSettings {
  plan: Plan;
  source: IngestionStream;
  storage: Storage;
  ledger: Ledger;
  alerts: Alerts;
  duckdb: ILayerVersion;
  defaults: HandlerDefaults;
}

/** Turns records of one stream into claimed files; see the protocol's rule 1 for how its event source is set. */
export class StreamProcessor extends Construct {
  readonly handler: Handler;
  readonly mapping: EventSourceMapping;
  readonly #props: StreamProcessorProps;
  readonly #consumer: CfnStreamConsumer | undefined;

  constructor(scope: Construct, id: string, props: StreamProcessorProps) {
    super(scope, id);
    this.#props = props;
    const { plan, source, storage, alerts } = props;
    const channels = this.#channels();
    this.handler = new Handler(this, 'Ingest', {
      handler: 'ingest',
      qualifier: source.plan.name,
      description: `Tidemark ${plan.name}: records of ${source.plan.name} into claimed files`,
      defaults: props.defaults,
      memoryMb: props.memoryMb ?? 1769,
      storageMb: props.storageMb ?? 1024,
      timeout: props.timeout ?? Duration.minutes(2),
      layers: [props.duckdb],
      withReferences: true,
      environment: {
        TIDEMARK_STREAM: source.plan.name,
        TIDEMARK_WAREHOUSE: storage.warehouse,
        TIDEMARK_LEDGER: ledgerName(plan),
        TIDEMARK_HOT_STORE: hotStoreName(plan),
        ...(channels.length > 0
          ? {
              TIDEMARK_TOPICS: JSON.stringify(alerts.topicArns(channels)),
              TIDEMARK_EVENT_BUS: alerts.busName,
            }
          : {}),
      },
    });
    this.#consumer = props.enhancedFanOut
      ? new CfnStreamConsumer(this, 'Consumer', {
          streamArn: streamArn(streamName(plan, source.plan.name)),
          consumerName: `tidemark-${plan.name}`,
        })
      : undefined;
    this.#permit(channels);
    this.mapping = this.#map();
  }

  /** Age of the oldest record that the processor has not finished, in milliseconds. */
  metricLag(options: MetricOptions = {}): Metric {
    return this.handler.metric('IteratorAge', { statistic: Stats.MAXIMUM, ...options });
  }

  metricReceived(options: MetricOptions = {}): Metric {
    return this.#metric(MetricName.received, options);
  }

  /** Records that broke their contract. */
  metricQuarantined(options: MetricOptions = {}): Metric {
    return this.#metric(MetricName.quarantined, options);
  }

  #metric(metricName: string, options: MetricOptions): Metric {
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: {
        [Dimension.lakehouse]: this.#props.plan.name,
        [Dimension.stream]: this.#props.source.plan.name,
      },
      statistic: Stats.SUM,
      period: Duration.minutes(1),
      ...options,
    });
  }

  #channels(): string[] {
    const { plan, source } = this.#props;
    const tables = plan.realtime.filter((t) => t.stream === source.plan.name).map((t) => t.name);
    return [...new Set(plan.alerts.filter((a) => tables.includes(a.from)).map((a) => a.notify))].sort();
  }

  #permit(channels: string[]): void {
    const { plan, source, storage, ledger, alerts } = this.#props;
    const realtime = plan.realtime.filter((t) => t.stream === source.plan.name);
    const tables = [...realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)];
    this.handler.allow(
      ...readMetadata(storage, tables),
      ...stageData(storage, tables),
      {
        // A transaction needs the actions of its parts.
        actions: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:BatchWriteItem'],
        resources: [ledger.ledgerArn],
      },
      {
        actions: [
          'kinesis:DescribeStream',
          'kinesis:DescribeStreamSummary',
          'kinesis:GetRecords',
          'kinesis:GetShardIterator',
          'kinesis:ListShards',
        ],
        resources: [streamArn(streamName(plan, source.plan.name))],
      },
      {
        actions: ['s3:PutObject'],
        resources: [`${storage.failuresArn}/*`],
        because: 'Lambda chooses the names of what it could not deliver',
      },
      { actions: ['s3:ListBucket'], resources: [storage.failuresArn] },
    );
    if (this.#consumer)
      this.handler.allow({
        actions: ['kinesis:SubscribeToShard', 'kinesis:DescribeStreamConsumer'],
        resources: [this.#consumer.attrConsumerArn],
      });
    if (realtime.some((t) => t.hotKey.length > 0))
      this.handler.allow({ actions: ['dynamodb:PutItem'], resources: [ledger.hotStoreArn] });
    if (channels.length > 0)
      this.handler.allow(
        { actions: ['sns:Publish'], resources: Object.values(alerts.topicArns(channels)) },
        { actions: ['events:PutEvents'], resources: [alerts.busArn] },
      );
    storage.grantKey(this.handler.role);
  }

  #map(): EventSourceMapping {
    const { plan, source, storage } = this.#props;
    const failures: IEventSourceDlq = { bind: () => ({ destination: storage.failuresArn }) };
    const mapping = new EventSourceMapping(this, 'Source', {
      target: this.handler.function,
      eventSourceArn: this.#consumer?.attrConsumerArn ?? streamArn(streamName(plan, source.plan.name)),
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: this.#props.batchSize ?? 10_000,
      maxBatchingWindow: this.#props.window ?? Duration.seconds(1),
      // A tidemark is one number a shard: batches of a shard must not overtake each other.
      parallelizationFactor: 1,
      // A batch that is given up would leave a hole that no later claim shows.
      retryAttempts: -1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      onFailure: failures,
      supportS3OnFailureDestination: true,
      enabled: this.#props.enabled ?? true,
      metricsConfig: { metrics: [MetricType.EVENT_COUNT] },
    });
    const resource = mapping.node.defaultChild as CfnEventSourceMapping;
    resource.maximumRecordAgeInSeconds = -1;
    // The mapping polls with the function's role: it must not start before the role may.
    mapping.node.addDependency(this.handler.role);
    return mapping;
  }
}
