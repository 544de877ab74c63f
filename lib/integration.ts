import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Metric, Stats, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Dimension, MetricName, METRICS_NAMESPACE } from '../lambdas/metric-names.ts';
import { LEDGER_TABLE } from '../src/adapters/aws/ledger-items.ts';
import type { Plan } from '../src/definition/plan.ts';
import { goldTable, realtimeTable, silverTable } from '../src/definition/tables.ts';
import { integrationStages } from '../src/integrate/steps.ts';
import { tableKey, type TableName } from '../src/ports/catalog.ts';
import { acknowledge, allow } from './allow.ts';
import { grantKeyUse } from './encryption-key.ts';
import { Handler, type HandlerDefaults } from './handler.ts';
import { integrationDefinition, LOCK } from './integration-definition.ts';
import type { Ledger } from './ledger.ts';
import { ledgerName, stateMachineArn, stateMachineName } from './names.ts';
import type { Storage } from './storage.ts';
import {
  commitMetadata,
  readData,
  readMetadata,
  readStaged,
  writeData,
  writeTouched,
} from './table-access.ts';

export interface IntegrationSettings {
  /** Time between starts of runs; a run that still goes on is not joined by another. @default 1 minute */
  every?: Duration;
  /** Whether the schedule starts runs. @default true */
  enabled?: boolean;
  /** 3538 MB are two vCPUs. @default 3538 */
  memoryMb?: number;
  /** Size of `/tmp`, where large operators spill. @default 4096 */
  storageMb?: number;
  /** @default 15 minutes */
  timeout?: Duration;
  /** Real-time rows that one round of a step takes. @default 250,000 */
  maxRows?: number;
  /** Steps of a stage at a time. @default 10 */
  concurrency?: number;
}

export interface IntegrationProps extends IntegrationSettings {
  plan: Plan;
  storage: Storage;
  ledger: Ledger;
  duckdb: ILayerVersion;
  defaults: HandlerDefaults;
  /** @default keys of the services */
  encryptionKey?: IKey;
}

/** Rounds of one step in one run: keeps an execution far from Step Functions' 25,000 events. */
const ROUNDS = 50;
const RUN_TIMEOUT = Duration.hours(2);

/** Silver and Gold, by a state machine made from the plan's integration stages. */
export class Integration extends Construct {
  readonly handler: Handler;
  readonly stateMachine: StateMachine;
  readonly #plan: Plan;

  constructor(scope: Construct, id: string, props: IntegrationProps) {
    super(scope, id);
    const { plan, storage, defaults } = props;
    this.#plan = plan;
    this.handler = new Handler(this, 'Integrate', {
      handler: 'integrate',
      description: `Tidemark ${plan.name}: real-time rows into Silver, Silver into Gold`,
      defaults,
      memoryMb: props.memoryMb ?? 3538,
      storageMb: props.storageMb ?? 4096,
      timeout: props.timeout ?? Duration.minutes(15),
      layers: [props.duckdb],
      environment: {
        TIDEMARK_WAREHOUSE: storage.warehouse,
        TIDEMARK_MAX_ROWS: String(props.maxRows ?? 250_000),
      },
    });
    const read = new Set(plan.silver.flatMap((t) => t.groups.map((group) => group.from)));
    const sources = [...read].map((name) => realtimeTable(plan, name));
    const silver = plan.silver.map((t) => silverTable(plan, t.name));
    this.handler.allow(
      ...readMetadata(storage, sources),
      ...readData(storage, [...sources, ...this.tables]),
      ...readStaged(storage, sources),
      ...commitMetadata(storage, this.tables),
      ...writeTouched(storage, silver),
      ...writeData(storage, this.tables),
    );
    storage.grantObjectKey(this.handler.role);
    this.stateMachine = this.#machine(props);
    this.#schedule(props);
  }

  /** Silver and Gold tables. */
  get tables(): TableName[] {
    return [
      ...this.#plan.silver.map((t) => silverTable(this.#plan, t.name)),
      ...this.#plan.gold.map((t) => goldTable(this.#plan, t.name)),
    ];
  }

  /** Runs in which a step failed, or that were ended. */
  metricFailed(options: MetricOptions = {}): Metric {
    return new Metric({
      namespace: 'AWS/States',
      metricName: 'ExecutionsFailed',
      dimensionsMap: { StateMachineArn: stateMachineArn(stateMachineName(this.#plan)) },
      statistic: Stats.SUM,
      period: Duration.minutes(5),
      ...options,
    });
  }

  /** Rows that merges changed in a table. */
  metricRowsMerged(table: TableName, options: MetricOptions = {}): Metric {
    return new Metric({
      namespace: METRICS_NAMESPACE,
      metricName: MetricName.rowsMerged,
      dimensionsMap: { [Dimension.lakehouse]: this.#plan.name, [Dimension.table]: tableKey(table) },
      statistic: Stats.SUM,
      period: Duration.minutes(5),
      ...options,
    });
  }

  #machine(props: IntegrationProps): StateMachine {
    const { plan, defaults } = props;
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('states.amazonaws.com') });
    const definition = integrationDefinition({
      stages: integrationStages(plan),
      functionArn: this.handler.function.functionArn,
      lockTable: ledgerName(plan),
      lockKey: { partition: LEDGER_TABLE.partitionKey.name, sort: LEDGER_TABLE.sortKey.name },
      concurrency: props.concurrency ?? 10,
      rounds: ROUNDS,
      timeoutSeconds: RUN_TIMEOUT.toSeconds(),
    });
    const logs = new LogGroup(this, 'Logs', {
      // Step Functions can only deliver to groups under this prefix when there are many of them.
      logGroupName: `/aws/vendedlogs/states/tidemark-${plan.name}`,
      retention: defaults.logRetention ?? RetentionDays.THREE_MONTHS,
      encryptionKey: props.encryptionKey,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const machine = new StateMachine(this, 'StateMachine', {
      stateMachineName: stateMachineName(plan),
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromString(Stack.of(this).toJsonString(definition)),
      role,
      comment: definition.Comment,
      tracingEnabled: defaults.tracing ?? true,
      logs: { destination: logs, level: LogLevel.ALL, includeExecutionData: false },
    });
    allow(
      this,
      role,
      { actions: ['lambda:InvokeFunction'], resources: [this.handler.function.functionArn] },
      {
        actions: ['dynamodb:PutItem', 'dynamodb:DeleteItem'],
        resources: [props.ledger.ledgerArn],
        // The lock only: nothing of what the ledger says of records.
        conditions: { 'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': [LOCK.partition] } },
      },
    );
    grantKeyUse(props.encryptionKey, role);
    acknowledge(
      role,
      'AwsSolutions-IAM5[Resource::*]',
      'delivery of logs and traces takes no resource in its permissions',
    );
    if (defaults.tracing === false) acknowledge(machine, 'AwsSolutions-SF2', 'the setting `tracing` is off');
    return machine;
  }

  #schedule(props: IntegrationProps): void {
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    new Schedule(this, 'Schedule', {
      description: `Tidemark ${this.#plan.name}: integration runs`,
      schedule: ScheduleExpression.rate(props.every ?? Duration.minutes(1)),
      enabled: props.enabled ?? true,
      target: new StepFunctionsStartExecution(this.stateMachine, {
        role,
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
    });
  }
}
