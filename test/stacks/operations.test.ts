import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, flightsPlan, resources, type Deployed } from './support.ts';

let plan: Plan;
let deployed: Deployed;
beforeAll(async () => {
  plan = await flightsPlan();
  deployed = deploy(plan);
});

const alarm = (d: Deployed, name: string): Record<string, unknown> => {
  const found = resources(d.operations!, 'AWS::CloudWatch::Alarm').find(
    ({ Properties }) => Properties['AlarmName'] === name,
  );
  return found!.Properties;
};

describe('alarms', () => {
  test('there is one for each way in which a promise is broken', () => {
    const kinds = resources(deployed.operations!, 'AWS::CloudWatch::Alarm').map(
      ({ Properties }) => (Properties['AlarmName'] as string).split('-')[1],
    );
    expect([...new Set(kinds)].sort()).toEqual([
      'CommitConflicts',
      'CommitsFailed',
      'CommitterErrors',
      'Freshness',
      'GivenUp',
      'IteratorAge',
      'MergesFailed',
      'ProcessorThrottled',
      'Quarantine',
      'Throttled',
    ]);
  });

  test('the iterator’s age is held against the stream’s retention', () => {
    const hours = plan.streams[0]!.retentionHours;
    expect(alarm(deployed, 'flights-IteratorAge-flight_events')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Statistic: 'Maximum',
      Threshold: (hours * 3_600_000) / 4,
      Dimensions: [{ Name: 'FunctionName', Value: 'flights-ingest-flight_events' }],
    });
    const longer = deploy(plan, { 'stream.retentionHours': 168, 'operations.retentionPercent': 50 });
    expect(alarm(longer, 'flights-IteratorAge-flight_events')['Threshold']).toBe(84 * 3_600_000);
  });

  test('the freshness objective is a setting', () => {
    const fast = deploy(plan, { 'operations.freshnessSeconds': 5 });
    expect(alarm(fast, 'flights-Freshness-flight_activity')).toMatchObject({
      Namespace: 'Tidemark',
      MetricName: 'Freshness',
      Threshold: 5_000,
      ExtendedStatistic: 'p99',
    });
  });

  test('each tells the one topic when it goes off and when it is over, and names its runbook', () => {
    for (const { Properties } of resources(deployed.operations!, 'AWS::CloudWatch::Alarm')) {
      expect(Properties['AlarmActions']).toHaveLength(1);
      expect(Properties['OKActions']).toEqual(Properties['AlarmActions']);
      expect(Properties['AlarmDescription']).toContain('docs/operations.md');
      expect(Properties['TreatMissingData']).toBe('notBreaching');
    }
  });

  test('an object in the failures bucket is told at once', () => {
    deployed.operations!.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.s3'],
        detail: { bucket: { name: ['tidemark-flights-123456789012-eu-central-1-failures'] } },
      },
    });
    deployed.data.hasResourceProperties('AWS::S3::Bucket', {
      BucketName: 'tidemark-flights-123456789012-eu-central-1-failures',
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
  });
});

test('the dashboard shows freshness, lag, completeness and cost', () => {
  const [dashboard] = resources(deployed.operations!, 'AWS::CloudWatch::Dashboard');
  const body = JSON.stringify(dashboard!.Properties['DashboardBody']);
  for (const title of ['Freshness', 'Lag', 'Completeness', 'Cost', 'quarantine'])
    expect(body).toContain(title);
});

test('a budget, an address and what is not wanted are settings', () => {
  const { operations } = deploy(plan, {
    'operations.monthlyBudgetUsd': 250,
    'operations.email': 'ops@example.com',
  });
  operations!.hasResourceProperties('AWS::Budgets::Budget', {
    Budget: {
      BudgetLimit: { Amount: 250, Unit: 'USD' },
      CostFilters: { TagKeyValue: ['user:tidemark:lakehouse$flights'] },
    },
  });
  operations!.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'ops@example.com',
  });
  const none = deploy(plan, { 'operations.alarms': false, 'operations.dashboard': false });
  expect(none.operations).toBeUndefined();
});
