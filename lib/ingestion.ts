import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Metric, Stats, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Plan, PlanStream } from '../src/definition/plan.ts';
import { acknowledge, allow } from './allow.ts';
import { streamArn, streamName } from './names.ts';

export interface IngestionProps {
  plan: Plan;
  /** `provisioned` has the shards that the definition states. @default 'on-demand' */
  mode?: 'on-demand' | 'provisioned';
  /** @default what the definition states */
  retention?: Duration;
  /** @default the key of Kinesis in this account */
  encryptionKey?: IKey;
}

/** A stream of the lakehouse, by name: what its processor needs to know. */
export interface IngestionStream {
  plan: PlanStream;
  stream: Stream;
  retention: Duration;
}

/** The streams that producers put to. */
export class Ingestion extends Construct {
  readonly streams: ReadonlyMap<string, IngestionStream>;
  readonly #plan: Plan;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, props: IngestionProps) {
    super(scope, id);
    this.#plan = props.plan;
    this.#key = props.encryptionKey;
    this.streams = new Map(props.plan.streams.map((plan) => [plan.name, this.#stream(plan, props)]));
  }

  /**
   * Lets somebody put records.
   * @param stream name in the definition; every stream when left out
   */
  grantPut(grantee: IGrantable, stream?: string): Grant {
    const names = stream === undefined ? [...this.streams.keys()] : [this.#known(stream)];
    allow(this, grantee, {
      actions: [
        'kinesis:PutRecord',
        'kinesis:PutRecords',
        'kinesis:ListShards',
        'kinesis:DescribeStreamSummary',
      ],
      resources: names.map((name) => streamArn(streamName(this.#plan, name))),
    });
    this.#key?.grant(grantee, 'kms:GenerateDataKey');
    return Grant.drop(grantee, 'added above');
  }

  /** Records put to a stream. */
  metricIncoming(stream: string, options: MetricOptions = {}): Metric {
    return this.#metric('IncomingRecords', stream, { statistic: Stats.SUM, ...options });
  }

  /** Bytes put to a stream. */
  metricIncomingBytes(stream: string, options: MetricOptions = {}): Metric {
    return this.#metric('IncomingBytes', stream, { statistic: Stats.SUM, ...options });
  }

  /** Puts that a stream refused for load. */
  metricThrottled(stream: string, options: MetricOptions = {}): Metric {
    return this.#metric('WriteProvisionedThroughputExceeded', stream, { statistic: Stats.SUM, ...options });
  }

  #known(stream: string): string {
    if (this.streams.has(stream)) return stream;
    throw new Error(`there is no stream "${stream}": use one of ${[...this.streams.keys()].join(', ')}`);
  }

  #metric(metricName: string, stream: string, options: MetricOptions): Metric {
    return new Metric({
      namespace: 'AWS/Kinesis',
      metricName,
      dimensionsMap: { StreamName: streamName(this.#plan, this.#known(stream)) },
      period: Duration.minutes(1),
      ...options,
    });
  }

  #stream(plan: PlanStream, props: IngestionProps): IngestionStream {
    const provisioned = props.mode === 'provisioned';
    const retention = props.retention ?? Duration.hours(plan.retentionHours);
    const stream = new Stream(this, plan.name, {
      streamName: streamName(props.plan, plan.name),
      streamMode: provisioned ? StreamMode.PROVISIONED : StreamMode.ON_DEMAND,
      shardCount: provisioned ? plan.shards : undefined,
      retentionPeriod: retention,
      encryption: props.encryptionKey ? StreamEncryption.KMS : StreamEncryption.MANAGED,
      encryptionKey: props.encryptionKey,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(
      stream,
      'AwsSolutions-KDS3',
      'encrypted with the key of Kinesis; the setting `encryption` gives it a key of the customer',
    );
    return { plan, stream, retention };
  }
}
