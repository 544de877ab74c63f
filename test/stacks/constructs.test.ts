import { beforeAll, expect, test } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Consumption, Ingestion, Storage } from '../../lib/index.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, flightsPlan } from './support.ts';

let plan: Plan;
beforeAll(async () => {
  plan = await flightsPlan();
});

function someoneElses(): { stack: Stack; role: Role } {
  const stack = new Stack(new App(), 'Theirs');
  return { stack, role: new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') }) };
}

const policyText = (stack: Stack): string =>
  JSON.stringify(Template.fromStack(stack).findResources('AWS::IAM::Policy'));

test('a producer may put to the stream that it is granted, and to no other', () => {
  const { stack, role } = someoneElses();
  new Ingestion(stack, 'Ingestion', { plan }).grantPut(role, 'flight_events');
  const text = policyText(stack);
  expect(text).toContain('kinesis:PutRecords');
  expect(text).toContain('stream/flights-flight_events');
  expect(text).not.toContain('weather_observations');
});

test('an unknown stream is refused with those there are', () => {
  const { stack, role } = someoneElses();
  const ingestion = new Ingestion(stack, 'Ingestion', { plan });
  expect(() => ingestion.grantPut(role, 'flights')).toThrow(
    'there is no stream "flights": use one of flight_events, weather_observations',
  );
});

test('an analyst may query, and change nothing', () => {
  const { stack, role } = someoneElses();
  const storage = new Storage(stack, 'Storage', { plan });
  new Consumption(stack, 'Consumption', { plan, storage }).grantQuery(role);
  const text = policyText(stack);
  expect(text).toContain('athena:StartQueryExecution');
  expect(text).toContain('flights_silver');
  expect(text).not.toMatch(/glue:(Update|Create|Delete)/);
  expect(text).not.toMatch(/s3:PutObject[^}]*warehouse/);
});

test('metrics are there for alarms of one’s own', () => {
  const { realTime } = deploy(plan).lakehouse.pipeline;
  expect(realTime.metricFreshness('flight_activity').dimensions).toEqual({
    service: 'flights',
    Table: 'flights_realtime.flight_activity',
  });
  expect(realTime.metricLag('flight_events').metricName).toBe('IteratorAge');
  expect(() => realTime.metricLag('nothing')).toThrow('there is no stream "nothing"');
});
