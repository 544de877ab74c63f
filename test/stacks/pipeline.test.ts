import { beforeAll, describe, expect, test } from '@jest/globals';
import { Match } from 'aws-cdk-lib/assertions';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, flightsPlan, resources, type Deployed } from './support.ts';

let plan: Plan;
let deployed: Deployed;
beforeAll(async () => {
  plan = await flightsPlan();
  deployed = deploy(plan);
});

interface Statement {
  Action: string | string[];
  Resource: unknown;
}

/** Every statement of the policy of a function's role. */
function statementsOf({ pipeline }: Deployed, functionName: string): Statement[] {
  const [found] = Object.values(
    pipeline.findResources('AWS::Lambda::Function', { Properties: { FunctionName: functionName } }),
  );
  const role = (found as { Properties: { Role: { 'Fn::GetAtt': [string, string] } } }).Properties.Role[
    'Fn::GetAtt'
  ][0];
  return resources(pipeline, 'AWS::IAM::Policy')
    .filter(({ Properties }) => JSON.stringify(Properties['Roles']) === JSON.stringify([{ Ref: role }]))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
}

const actionsOf = (statements: Statement[], prefix: string): string[] =>
  [...new Set(statements.flatMap(({ Action }) => Action))].filter((a) => a.startsWith(prefix)).sort();

describe('the event source of a processor', () => {
  test('never gives a batch up by itself, keeps the order of a shard, and starts with the oldest record', () => {
    const mappings = resources(deployed.pipeline, 'AWS::Lambda::EventSourceMapping').filter(
      ({ Properties }) => JSON.stringify(Properties['EventSourceArn']).includes(':kinesis:'),
    );
    expect(mappings).toHaveLength(plan.streams.length);
    for (const { Properties } of mappings)
      expect(Properties).toMatchObject({
        MaximumRetryAttempts: -1,
        MaximumRecordAgeInSeconds: -1,
        ParallelizationFactor: 1,
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        BisectBatchOnFunctionError: true,
        StartingPosition: 'TRIM_HORIZON',
        BatchSize: 10_000,
        MaximumBatchingWindowInSeconds: 1,
        Enabled: true,
        MetricsConfig: { Metrics: ['EventCount'] },
        DestinationConfig: { OnFailure: { Destination: expect.anything() } },
      });
  });

  test('its settings are settings', () => {
    const { pipeline } = deploy(plan, {
      'ingest.batchSize': 500,
      'ingest.windowSeconds': 5,
      'ingest.enabled': false,
    });
    pipeline.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      BatchSize: 500,
      MaximumBatchingWindowInSeconds: 5,
      Enabled: false,
    });
  });

  test('reads through a consumer of its own with enhanced fan-out', () => {
    const { pipeline } = deploy(plan, { 'stream.enhancedFanOut': true });
    pipeline.resourceCountIs('AWS::Kinesis::StreamConsumer', plan.streams.length);
    pipeline.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('Consumer'), 'ConsumerARN'] },
    });
  });
});

test('the committer is woken by new intents only, and swept each minute', () => {
  deployed.pipeline.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    FilterCriteria: {
      Filters: [
        { Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"intent#"}]}}}}' },
      ],
    },
    MaximumRetryAttempts: 1,
    ParallelizationFactor: 1,
  });
  deployed.pipeline.hasResourceProperties('AWS::Scheduler::Schedule', {
    ScheduleExpression: 'rate(1 minute)',
    Target: { Input: '{"sweep":true}' },
  });
});

describe('functions', () => {
  test('run on Node 24 and arm64, each with a role, logs that end, and traces', () => {
    const functions = resources(deployed.pipeline, 'AWS::Lambda::Function');
    expect(functions.map((f) => f.Properties['FunctionName']).sort()).toEqual([
      'flights-commit',
      'flights-ingest-flight_events',
      'flights-ingest-weather_observations',
      'flights-integrate',
      'flights-maintain',
      'flights-tables',
    ]);
    for (const { Properties } of functions)
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: expect.anything() },
      });
    expect(new Set(functions.map((f) => JSON.stringify(f.Properties['Role']))).size).toBe(functions.length);
    for (const group of resources(deployed.pipeline, 'AWS::Logs::LogGroup'))
      expect(group.Properties['RetentionInDays']).toBe(90);
  });

  test('no role has a managed policy of AWS', () => {
    for (const { Properties } of resources(deployed.pipeline, 'AWS::IAM::Role'))
      expect(Properties['ManagedPolicyArns']).toBeUndefined();
  });

  test('a processor may touch its own stream and tables only', () => {
    const statements = statementsOf(deployed, 'flights-ingest-weather_observations');
    const text = JSON.stringify(statements);
    expect(text).toContain('stream/flights-weather_observations');
    expect(text).not.toContain('flight_events');
    expect(text).not.toContain('flight_activity');
    expect(text).not.toContain('flights_silver');
    // No alert and no hot key is defined on the weather.
    expect(actionsOf(statements, 'sns:')).toEqual([]);
    expect(actionsOf(statements, 'events:')).toEqual([]);
    expect(text).not.toContain('flights-hot');
    expect(actionsOf(statements, 'glue:')).toEqual(['glue:GetTable']);
  });

  test('a processor with alerts may tell the topics of its own alerts', () => {
    const statements = statementsOf(deployed, 'flights-ingest-flight_events');
    expect(actionsOf(statements, 'sns:')).toEqual(['sns:Publish']);
    expect(JSON.stringify(statements)).toContain(':flights-operations');
    expect(JSON.stringify(statements)).toContain('table/flights-hot');
  });

  test('only maintenance may delete objects, and nobody may delete a table', () => {
    for (const { Properties } of resources(deployed.pipeline, 'AWS::Lambda::Function')) {
      const name = Properties['FunctionName'] as string;
      const statements = statementsOf(deployed, name);
      expect([name, actionsOf(statements, 's3:Delete')]).toEqual([
        name,
        name === 'flights-maintain' ? ['s3:DeleteObject'] : [],
      ]);
      const deletes = statements.filter(({ Action }) => [Action].flat().includes('glue:DeleteTable'));
      // The tables function drops views of earlier plans, which are in a database of their own.
      for (const { Resource } of deletes)
        expect(JSON.stringify(Resource)).not.toMatch(/flights_(realtime|silver|gold|ops)/);
    }
  });

  test('integration reads the real-time tables and commits to Silver and Gold', () => {
    const updates = statementsOf(deployed, 'flights-integrate').filter(({ Action }) =>
      [Action].flat().includes('glue:UpdateTable'),
    );
    const text = JSON.stringify(updates.map((s) => s.Resource));
    expect(text).toContain('flights_silver');
    expect(text).toContain('flights_gold');
    expect(text).not.toContain('flights_realtime');
  });

  test('know of AWS what they need from their environment', () => {
    deployed.pipeline.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'flights-ingest-flight_events',
      Environment: {
        Variables: {
          TIDEMARK_STREAM: 'flight_events',
          TIDEMARK_LEDGER: 'flights-ledger',
          TIDEMARK_WAREHOUSE: 's3://tidemark-flights-123456789012-eu-central-1/warehouse/',
          POWERTOOLS_SERVICE_NAME: 'flights',
          TIDEMARK_EVENT_BUS: 'flights-alerts',
        },
      },
    });
  });
});

describe('the tables of the lakehouse', () => {
  test('are a resource whose properties name the plan, kept inside a time-out', () => {
    deployed.pipeline.hasResourceProperties('Custom::TidemarkTables', {
      Lakehouse: 'flights',
      PlanHash: Match.stringLikeRegexp('^[0-9a-f]{64}$'),
      PlanKey: Match.anyValue(),
      Allow: [],
      ServiceTimeout: '900',
    });
  });

  test('another plan is another resource property, the same plan is the same', () => {
    const hash = (d: Deployed): unknown =>
      resources(d.pipeline, 'Custom::TidemarkTables')[0]!.Properties['PlanHash'];
    expect(hash(deploy(plan))).toBe(hash(deployed));
    const [first, ...rest] = plan.gold;
    expect(hash(deploy({ ...plan, gold: [{ ...first!, name: 'renamed' }, ...rest] }))).not.toBe(
      hash(deployed),
    );
  });

  test('come before whatever writes to them', () => {
    const [tables] = Object.keys(deployed.pipeline.findResources('Custom::TidemarkTables'));
    for (const { DependsOn } of Object.values(
      deployed.pipeline.findResources('AWS::Lambda::EventSourceMapping'),
    ) as { DependsOn: string[] }[])
      expect(DependsOn).toContain(tables);
  });
});

test('analysts have a work group with limits of its own', () => {
  deployed.pipeline.hasResourceProperties('AWS::Athena::WorkGroup', {
    Name: 'flights',
    WorkGroupConfiguration: {
      EnforceWorkGroupConfiguration: true,
      BytesScannedCutoffPerQuery: 100_000_000_000,
      ResultConfiguration: {
        EncryptionConfiguration: { EncryptionOption: 'SSE_S3' },
        OutputLocation: 's3://tidemark-flights-123456789012-eu-central-1/athena/',
      },
    },
  });
});

test('a private network has no way out but endpoints', () => {
  const { pipeline } = deploy(plan, { network: 'private' });
  pipeline.resourceCountIs('AWS::EC2::NatGateway', 0);
  pipeline.resourceCountIs('AWS::EC2::InternetGateway', 0);
  const endpoints = resources(pipeline, 'AWS::EC2::VPCEndpoint').map((e) =>
    JSON.stringify(e.Properties['ServiceName']),
  );
  for (const service of [
    's3',
    'dynamodb',
    'glue',
    'kinesis-streams',
    'athena',
    'sns',
    'events',
    'sts',
    'logs',
    'kms',
  ])
    expect(endpoints.some((name) => name.includes(`.${service}"`))).toBe(true);
  for (const { Properties } of resources(pipeline, 'AWS::Lambda::Function'))
    expect(Properties['VpcConfig']).toBeDefined();
});

test('no option makes a synthesis ask AWS', () => {
  const { app } = deploy(plan, { network: 'private', encryption: 'customer' });
  expect(app.synth().manifest.missing ?? []).toEqual([]);
});
