import { createHash } from 'node:crypto';
import { Arn, ArnFormat, Aws, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import { databaseOf, type Layer } from '../src/definition/tables.ts';

/*
 * What keeps state has a name that follows from the lakehouse's, and not a generated one: tables, ledger and streams only
 * make sense together, so a second deployment must meet the first one's and stop, or import them (`cdk import`). It also
 * lets stacks name each other's resources without exports, which CloudFormation limits to 200 a stack.
 */

/** Name of a Kinesis stream. */
export const streamName = (plan: Pick<Plan, 'name'>, stream: string): string => `${plan.name}-${stream}`;
export const ledgerName = (plan: Pick<Plan, 'name'>): string => `${plan.name}-ledger`;
export const hotStoreName = (plan: Pick<Plan, 'name'>): string => `${plan.name}-hot`;
export const eventBusName = (plan: Pick<Plan, 'name'>): string => `${plan.name}-alerts`;
export const topicName = (plan: Pick<Plan, 'name'>, channel: string): string => `${plan.name}-${channel}`;
export const stateMachineName = (plan: Pick<Plan, 'name'>): string => `${plan.name}-integration`;
export const workGroupName = (plan: Pick<Plan, 'name'>): string => plan.name;

/** Lambda's limit. */
const FUNCTION_NAME = 64;

/** Name of a function; one that would be too long ends in a hash of the whole. */
export function functionName(plan: Pick<Plan, 'name'>, ...parts: string[]): string {
  const name = [plan.name, ...parts].join('-');
  if (name.length <= FUNCTION_NAME) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, FUNCTION_NAME - hash.length - 1)}-${hash}`;
}

/** Name of a bucket, which must be unique in the world. */
export function bucketName(scope: Construct, plan: Pick<Plan, 'name'>, suffix = ''): string {
  const { account, region } = Stack.of(scope);
  return `tidemark-${plan.name.replaceAll('_', '-')}-${account}-${region}${suffix}`;
}

/** The databases of a lakehouse: one a layer for tables, and one for the views that analysts use. */
export function databaseNames(plan: Pick<Plan, 'name'>): string[] {
  const layers: Layer[] = ['realtime', 'silver', 'gold', 'ops'];
  return [plan.name, ...layers.map((layer) => databaseOf(plan, layer))];
}

/** The channels that alerts are told to. */
export const channelsOf = (plan: Pick<Plan, 'alerts'>): string[] =>
  [...new Set(plan.alerts.map((a) => a.notify))].sort();

const arn = (service: string, resource: string, resourceName: string): string =>
  Arn.format({
    partition: Aws.PARTITION,
    region: Aws.REGION,
    account: Aws.ACCOUNT_ID,
    service,
    resource,
    resourceName,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });

export const streamArn = (name: string): string => arn('kinesis', 'stream', name);
export const tableArn = (name: string): string => arn('dynamodb', 'table', name);
export const stateMachineArn = (name: string): string =>
  `arn:${Aws.PARTITION}:states:${Aws.REGION}:${Aws.ACCOUNT_ID}:stateMachine:${name}`;
export const eventBusArn = (name: string): string => arn('events', 'event-bus', name);
export const workGroupArn = (name: string): string => arn('athena', 'workgroup', name);
export const topicArn = (name: string): string =>
  `arn:${Aws.PARTITION}:sns:${Aws.REGION}:${Aws.ACCOUNT_ID}:${name}`;
export const bucketArn = (name: string): string => `arn:${Aws.PARTITION}:s3:::${name}`;

/** What Glue checks for a call on tables: the catalog, the database and the tables. */
export function glueArns(database: string, tables: string[] = ['*']): string[] {
  const prefix = `arn:${Aws.PARTITION}:glue:${Aws.REGION}:${Aws.ACCOUNT_ID}`;
  return [
    `${prefix}:catalog`,
    `${prefix}:database/${database}`,
    ...tables.map((table) => `${prefix}:table/${database}/${table}`),
  ];
}
