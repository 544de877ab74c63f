import { Aws, Duration } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable, tablesOf } from '../src/definition/tables.ts';
import { acknowledgeWildcards } from './allow.ts';
import { Handler, type HandlerDefaults } from './handler.ts';
import type { Ledger } from './ledger.ts';
import { ledgerName } from './names.ts';
import type { Storage } from './storage.ts';
import { commitMetadata, readData, readMetadata, readStaged, writeData } from './table-access.ts';

export interface MaintenanceSettings {
  /** Time between rounds of compaction. @default 5 minutes */
  every?: Duration;
  /** How long a file that nothing names is kept. @default 48 hours */
  keep?: Duration;
  /** @default 1769 */
  memoryMb?: number;
}

export interface MaintenanceProps extends MaintenanceSettings {
  plan: Plan;
  storage: Storage;
  ledger: Ledger;
  duckdb: ILayerVersion;
  defaults: HandlerDefaults;
}

const CLEAN_EVERY = Duration.hours(1);

/** Keeps the number of files bounded: merges small ones, and is the only function that may delete any. */
export class Maintenance extends Construct {
  readonly handler: Handler;

  constructor(scope: Construct, id: string, props: MaintenanceProps) {
    super(scope, id);
    const { plan, storage, ledger } = props;
    const every = props.every ?? Duration.minutes(5);
    this.handler = new Handler(this, 'Maintain', {
      handler: 'maintain',
      description: `Tidemark ${plan.name}: merges small files, deletes what nothing names`,
      defaults: props.defaults,
      memoryMb: props.memoryMb ?? 1769,
      storageMb: 2048,
      timeout: Duration.minutes(15),
      layers: [props.duckdb],
      environment: {
        TIDEMARK_WAREHOUSE: storage.warehouse,
        TIDEMARK_LEDGER: ledgerName(plan),
        TIDEMARK_KEEP_HOURS: String((props.keep ?? Duration.hours(48)).toHours()),
      },
    });
    const tables = tablesOf(plan).map((t) => t.name);
    const streamed = [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)];
    this.handler.allow(
      ...readMetadata(storage, tables),
      // What streams are written to is compacted; what integration writes is only cleaned.
      ...commitMetadata(storage, streamed),
      ...readData(storage, streamed),
      ...readStaged(storage, streamed),
      ...writeData(storage, streamed),
      {
        actions: ['s3:DeleteObject'],
        resources: [storage.tableObjects('*')],
        because: 'files that nothing names any more may be any of the lakehouse’s',
      },
      {
        actions: ['s3:GetObject', 's3:PutObject'],
        resources: [storage.tableObjects('_maintenance/*')],
        because: 'notes of when a file was found unnamed have the time in their names',
      },
      { actions: ['dynamodb:Query', 'dynamodb:BatchWriteItem'], resources: [ledger.ledgerArn] },
    );
    storage.grantKey(this.handler.role);
    const role = new Role(this, 'ScheduleRole', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    acknowledgeWildcards(role, [`${this.handler.function.functionArn}:*`], 'versions of this one function');
    this.#schedule('Compact', role, every, {});
    this.#schedule('Clean', role, CLEAN_EVERY, { clean: true });
  }

  #schedule(id: string, role: Role, every: Duration, input: object): void {
    new Schedule(this, id, {
      schedule: ScheduleExpression.rate(every),
      target: new LambdaInvoke(this.handler.function, {
        role,
        input: ScheduleTargetInput.fromObject(input),
        retryAttempts: 0,
        maxEventAge: Duration.minutes(1),
      }),
    });
  }
}
