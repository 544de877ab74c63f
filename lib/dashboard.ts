import { Duration } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  MathExpression,
  Metric,
  Stats,
  TextWidget,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../src/definition/tables.ts';
import type { Ingestion } from './ingestion.ts';
import type { Integration } from './integration.ts';
import { ledgerName } from './names.ts';
import type { RealTime } from './real-time.ts';

export interface LakehouseDashboardProps {
  plan: Plan;
  ingestion: Ingestion;
  realTime: RealTime;
  integration: Integration;
  /** Name of the Athena work group. */
  workGroup: string;
}

/** CloudWatch takes 500 metrics in one graph; far fewer can be read. */
const IN_ONE_GRAPH = 40;
const WIDTH = 12;
const MINUTE = Duration.minutes(1);

/** Freshness, lag, completeness and cost, on one page. */
export class LakehouseDashboard extends Construct {
  constructor(scope: Construct, id: string, props: LakehouseDashboardProps) {
    super(scope, id);
    const { plan, ingestion, realTime, integration } = props;
    const dashboard = new Dashboard(this, 'Dashboard', {
      dashboardName: `tidemark-${plan.name}`,
      defaultInterval: Duration.hours(3),
    });
    const graph = (title: string, label: string, left: IMetric[]) =>
      new GraphWidget({
        title,
        left: left.slice(0, IN_ONE_GRAPH),
        leftYAxis: { label, min: 0, showUnits: false },
        width: WIDTH,
        height: 6,
      });
    dashboard.addWidgets(new TextWidget({ markdown: `# Lakehouse ${plan.name}`, width: 24, height: 1 }));
    dashboard.addWidgets(
      graph(
        'Freshness: arrival to queryable, p99',
        'milliseconds',
        plan.realtime.map((t) => realTime.metricFreshness(t.name, { label: t.name })),
      ),
      graph(
        'Lag: age of the oldest record not processed',
        'milliseconds',
        plan.streams.map((s) => realTime.metricLag(s.name, { label: s.name })),
      ),
    );
    dashboard.addWidgets(
      graph('Completeness: records put, and records accounted for', 'records', [
        sum(
          'put',
          plan.streams.map((s) => ingestion.metricIncoming(s.name)),
          MINUTE,
        ),
        sum(
          'accounted for',
          [...realTime.processors.values()].map((p) => p.metricReceived()),
          MINUTE,
        ),
      ]),
      graph(
        'Records in quarantine',
        'records',
        [...realTime.processors].map(([label, p]) => p.metricQuarantined({ label })),
      ),
    );
    dashboard.addWidgets(
      graph(
        'Rows merged into Silver and Gold',
        'rows',
        integration.tables.map((t) => integration.metricRowsMerged(t, { label: t.table })),
      ),
      graph(
        'Commit conflicts',
        'swaps lost',
        [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)].map((t) =>
          realTime.committer.metricConflicts(t, { label: t.table }),
        ),
      ),
    );
    dashboard.addWidgets(...this.#cost(props).map(([title, label, metrics]) => graph(title, label, metrics)));
  }

  /** What is paid for: the drivers, each in the unit of its price. */
  #cost({
    plan,
    realTime,
    integration,
    ingestion,
    workGroup,
  }: LakehouseDashboardProps): [string, string, IMetric[]][] {
    const hour = { period: Duration.hours(1) };
    const functions: [string, Metric][] = [
      ['commit', realTime.committer.handler.metric('Duration', hour)],
      ['integrate', integration.handler.metric('Duration', hour)],
    ];
    const ingest = [...realTime.processors.values()].map((p) => p.handler.metric('Duration', hour));
    const units = (metricName: string) =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: ledgerName(plan) },
        statistic: Stats.SUM,
        ...hour,
      });
    return [
      [
        'Cost: time of functions',
        'milliseconds an hour',
        [sum('ingest', ingest, hour.period), ...functions.map(([label, metric]) => metric.with({ label }))],
      ],
      [
        'Cost: units of the ledger',
        'units an hour',
        [units('ConsumedWriteCapacityUnits'), units('ConsumedReadCapacityUnits')],
      ],
      [
        'Cost: bytes into streams',
        'bytes an hour',
        plan.streams.map((s) => ingestion.metricIncomingBytes(s.name, { ...hour, label: s.name })),
      ],
      [
        'Cost: bytes scanned by queries',
        'bytes an hour',
        [
          new Metric({
            namespace: 'AWS/Athena',
            metricName: 'ProcessedBytes',
            dimensionsMap: { WorkGroup: workGroup },
            statistic: Stats.SUM,
            ...hour,
          }),
        ],
      ],
    ];
  }
}

/** The sum of metrics as one line; the first ones when there are too many for an expression. */
function sum(label: string, metrics: IMetric[], period: Duration): IMetric {
  const used = Object.fromEntries(
    metrics.slice(0, IN_ONE_GRAPH).map((metric, i) => [`${label.replaceAll(/\W/g, '')}${i}`, metric]),
  );
  return new MathExpression({ expression: Object.keys(used).join(' + '), usingMetrics: used, label, period });
}
