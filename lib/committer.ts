import { Aws, Duration } from 'aws-cdk-lib';
import { Metric, Stats, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { EventSourceMapping, FilterCriteria, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { Dimension, MetricName, METRICS_NAMESPACE } from '../lambdas/metric-names.ts';
import { INTENT_FILTER } from '../src/adapters/aws/ledger-items.ts';
import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../src/definition/tables.ts';
import { tableKey, type TableName } from '../src/ports/catalog.ts';
import { acknowledgeWildcards } from './allow.ts';
import { Handler, type HandlerDefaults } from './handler.ts';
import type { Ledger } from './ledger.ts';
import { ledgerName } from './names.ts';
import type { Storage } from './storage.ts';
import { commitMetadata } from './table-access.ts';

export interface CommitterSettings {
  /** @default 1024 */
  memoryMb?: number;
  /** @default 1 minute */
  timeout?: Duration;
  /** Committers at a time at most. More than one costs conflicts, never rows. @default no limit of its own */
  reservedConcurrency?: number;
}

export interface CommitterProps extends CommitterSettings {
  plan: Plan;
  storage: Storage;
  ledger: Ledger;
  defaults: HandlerDefaults;
}

/**
 * Brings claimed files into real-time tables. Woken by the ledger's stream; a sweep each minute finds what was missed.
 */
export class Committer extends Construct {
  readonly handler: Handler;
  readonly #plan: Plan;

  constructor(scope: Construct, id: string, props: CommitterProps) {
    super(scope, id);
    const { plan, storage, ledger } = props;
    this.#plan = plan;
    this.handler = new Handler(this, 'Commit', {
      handler: 'commit',
      description: `Tidemark ${plan.name}: claimed files into real-time tables`,
      defaults: props.defaults,
      memoryMb: props.memoryMb ?? 1024,
      timeout: props.timeout ?? Duration.minutes(1),
      reservedConcurrency: props.reservedConcurrency,
      environment: { TIDEMARK_WAREHOUSE: storage.warehouse, TIDEMARK_LEDGER: ledgerName(plan) },
    });
    const streamArn = ledger.ledger.tableStreamArn!;
    this.handler.allow(
      ...commitMetadata(storage, this.tables),
      { actions: ['dynamodb:Query'], resources: [ledger.ledgerArn] },
      {
        actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
        resources: [streamArn],
      },
      { actions: ['dynamodb:ListStreams'], resources: ['*'], because: 'ListStreams takes no resource' },
    );
    storage.grantKey(this.handler.role);
    const wake = new EventSourceMapping(this, 'Wake', {
      target: this.handler.function,
      eventSourceArn: streamArn,
      startingPosition: StartingPosition.LATEST,
      batchSize: 1000,
      parallelizationFactor: 1,
      // A wake-up is a hint: what is missed is found by the sweep.
      retryAttempts: 1,
      maxRecordAge: Duration.minutes(1),
      filters: [FilterCriteria.filter(INTENT_FILTER)],
    });
    wake.node.addDependency(this.handler.role);
    this.#sweep();
  }

  /** The tables that are committed to: real-time tables and the quarantine. */
  get tables(): TableName[] {
    return [
      ...this.#plan.realtime.map((t) => realtimeTable(this.#plan, t.name)),
      quarantineTable(this.#plan),
    ];
  }

  /** Milliseconds from the arrival of a commit's oldest record to the commit that made it queryable. */
  metricFreshness(table: TableName, options: MetricOptions = {}): Metric {
    return this.#metric(MetricName.freshness, table, { statistic: Stats.percentile(99), ...options });
  }

  /** Swaps of the table's pointer that lost to another writer. */
  metricConflicts(table: TableName, options: MetricOptions = {}): Metric {
    return this.#metric(MetricName.conflicts, table, { statistic: Stats.SUM, ...options });
  }

  metricFailed(table: TableName, options: MetricOptions = {}): Metric {
    return this.#metric(MetricName.failed, table, { statistic: Stats.SUM, ...options });
  }

  #metric(metricName: string, table: TableName, options: MetricOptions): Metric {
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: { [Dimension.lakehouse]: this.#plan.name, [Dimension.table]: tableKey(table) },
      period: Duration.minutes(1),
      ...options,
    });
  }

  #sweep(): void {
    const role = new Role(this, 'SweepRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    const target = new LambdaInvoke(this.handler.function, {
      role,
      input: ScheduleTargetInput.fromObject({ sweep: true }),
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
    });
    new Schedule(this, 'Sweep', {
      description: `Tidemark ${this.#plan.name}: commits that no wake-up told of`,
      schedule: ScheduleExpression.rate(Duration.minutes(1)),
      target,
    });
    acknowledgeWildcards(role, [`${this.handler.function.functionArn}:*`], 'versions of this one function');
  }
}
