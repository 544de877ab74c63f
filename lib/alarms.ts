import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../src/definition/tables.ts';
import type { Ingestion } from './ingestion.ts';
import type { Integration } from './integration.ts';
import type { RealTime } from './real-time.ts';
import type { Storage } from './storage.ts';

/** When alarms go off. */
export interface AlarmSettings {
  /** Rows wait longer than this to be queryable. @default 60 */
  freshnessSeconds?: number;
  /** The oldest unread record has used this share of its stream's retention. @default 25 */
  retentionPercent?: number;
  /** Commits of one table that conflict, a minute. @default 60 */
  conflictsPerMinute?: number;
}

export interface AlarmsProps extends AlarmSettings {
  plan: Plan;
  storage: Storage;
  ingestion: Ingestion;
  realTime: RealTime;
  integration: Integration;
  topic: ITopic;
}

interface Condition {
  metric: Metric;
  above: number;
  /** Periods in a row. */
  periods: number;
  why: string;
}

/** One alarm for each way in which a promise is broken; the runbook of each has its name. */
export class Alarms extends Construct {
  readonly #topic: ITopic;
  readonly #lakehouse: string;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#topic = props.topic;
    this.#lakehouse = props.plan.name;
    this.#streams(props);
    this.#tables(props);
    this.#givenUp(props);
    this.#runs(props);
  }

  #streams({ ingestion, realTime, retentionPercent }: AlarmsProps): void {
    for (const [name, processor] of realTime.processors) {
      const retention = ingestion.streams.get(name)!.retention.toMilliseconds();
      this.#alarm(`IteratorAge-${name}`, {
        metric: processor.metricLag(),
        above: Math.round((retention * (retentionPercent ?? 25)) / 100),
        periods: 3,
        why: `records of ${name} come near the end of their retention: unread ones will be lost`,
      });
      this.#alarm(`Quarantine-${name}`, {
        metric: processor.metricQuarantined({ period: Duration.minutes(5) }),
        above: 0,
        periods: 1,
        why: `records of ${name} break their contract`,
      });
      this.#alarm(`Throttled-${name}`, {
        metric: ingestion.metricThrottled(name, { period: Duration.minutes(5) }),
        above: 0,
        periods: 3,
        why: `the stream ${name} refuses puts for load`,
      });
      this.#alarm(`ProcessorThrottled-${name}`, {
        metric: processor.handler.metric('Throttles', { period: Duration.minutes(5) }),
        above: 0,
        periods: 3,
        why: `the processor of ${name} gets no concurrency`,
      });
    }
  }

  #tables({ plan, realTime, freshnessSeconds, conflictsPerMinute }: AlarmsProps): void {
    for (const { name } of plan.realtime) {
      const table = realtimeTable(plan, name);
      this.#alarm(`Freshness-${name}`, {
        metric: realTime.metricFreshness(name),
        above: (freshnessSeconds ?? 60) * 1000,
        periods: 5,
        why: `rows of ${name} wait too long to be queryable`,
      });
      this.#alarm(`CommitConflicts-${name}`, {
        metric: realTime.committer.metricConflicts(table),
        above: conflictsPerMinute ?? 60,
        periods: 15,
        why: `commits of ${name} keep losing to other writers`,
      });
    }
    for (const table of [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)])
      this.#alarm(`CommitsFailed-${table.table}`, {
        metric: realTime.committer.metricFailed(table, { period: Duration.minutes(5) }),
        above: 0,
        periods: 2,
        why: `commits of ${table.table} fail`,
      });
  }

  /** Batches that the event source gave up, because the stream's retention ended before they succeeded. */
  #givenUp({ storage }: AlarmsProps): void {
    const ruleName = `${this.#lakehouse}-given-up`;
    new Rule(this, 'GivenUpObjects', {
      ruleName,
      description: 'Batches that were given up, as objects in the failures bucket',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: { bucket: { name: [storage.failuresName] } },
      },
      targets: [new SnsTopic(this.#topic)],
    });
    this.#alarm('GivenUp', {
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'TriggeredRules',
        dimensionsMap: { RuleName: ruleName },
        statistic: Stats.SUM,
        period: Duration.minutes(5),
      }),
      above: 0,
      periods: 1,
      why: 'the event source gave up records: replay them from the failures bucket',
    });
  }

  #runs({ integration, realTime }: AlarmsProps): void {
    this.#alarm('MergesFailed', {
      metric: integration.metricFailed(),
      above: 0,
      periods: 2,
      why: 'integration runs fail: Silver and Gold fall behind',
    });
    this.#alarm('CommitterErrors', {
      metric: realTime.committer.handler.metric('Errors', { period: Duration.minutes(5) }),
      above: 0,
      periods: 3,
      why: 'the committer ends with errors',
    });
  }

  #alarm(id: string, { metric, above, periods, why }: Condition): void {
    const alarm = new Alarm(this, id, {
      alarmName: `${this.#lakehouse}-${id}`,
      alarmDescription: `${why}. Runbook: docs/operations.md, ${id.split('-')[0]}`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      // Nothing arrives at night: no news is no alarm.
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.#topic));
    alarm.addOkAction(new SnsAction(this.#topic));
  }
}
