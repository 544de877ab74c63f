import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { definitionFiles } from '../../lib/assets.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, flightsPlan, type Deployed } from '../stacks/support.ts';
import type { Need } from './support/call.ts';
import { compare, staleExplanations } from './support/compare.ts';
import { OPTIONS, WITHOUT_RESOURCE } from './support/explanations.ts';
import { keyNeeds } from './support/key-needs.ts';
import { deployedFunctions, otherRoles, type DeployedFunction } from './support/policies.ts';
import { Scenario } from './support/scenario.ts';

const ENVIRONMENT = { account: '123456789012', region: 'eu-central-1' };
const BASE = fileURLToPath(new URL('../../examples/flights/', import.meta.url));

/** Operations that prove that the way they are on was gone: each is there for a reason of its own. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  'flights-tables': [
    'glue:CreateTable',
    'glue:UpdateTable',
    'glue:DeleteTable',
    'glue:GetTables',
    'dynamodb:PutItem',
  ],
  'flights-ingest-flight_events': [
    'dynamodb:TransactWriteItems',
    'dynamodb:PutItem',
    'sns:PublishBatch',
    'events:PutEvents',
    's3:AbortMultipartUpload',
    's3:CompleteMultipartUpload',
  ],
  'flights-ingest-weather_observations': ['dynamodb:TransactWriteItems', 's3:PutObject', 's3:HeadObject'],
  'flights-commit': ['dynamodb:Query', 'glue:UpdateTable', 's3:HeadObject'],
  'flights-integrate': ['glue:UpdateTable', 's3:CompleteMultipartUpload', 's3:HeadObject'],
  'flights-maintain': [
    'glue:UpdateTable',
    's3:CompleteMultipartUpload',
    's3:ListObjectsV2',
    's3:DeleteObject',
    'dynamodb:BatchWriteItem',
  ],
};

let plan: Plan;
/** The lakehouse with the default settings. */
let standard: Deployed;
let scenario: Scenario;

beforeAll(async () => {
  plan = await flightsPlan();
  standard = deploy(plan);
  const functions = deployedFunctions(standard, ENVIRONMENT);
  scenario = await Scenario.open(functions, definitionFiles(plan, BASE), ENVIRONMENT);
  await scenario.run();
}, 120_000);

afterAll(() => scenario.close());

const explanationsFor = ({ handler }: DeployedFunction, { explanations }: (typeof OPTIONS)[number]) =>
  explanations.filter((e) => e.handlers?.includes(handler) ?? true);

function needsOf({ name, key }: DeployedFunction): Need[] {
  const calls = scenario.calls(name);
  return [...calls.flatMap((call) => call.needs), ...(key === undefined ? [] : keyNeeds(calls, key))];
}

test('the handlers went every way that this test is about', () => {
  for (const [name, operations] of Object.entries(SEEN)) {
    const seen = new Set(scenario.calls(name).map((call) => `${call.service}:${call.operation}`));
    expect({ name, unseen: operations.filter((operation) => !seen.has(operation)) }).toEqual({
      name,
      unseen: [],
    });
  }
});

describe.each(OPTIONS)('with $name', (option) => {
  let deployed: Deployed;
  let functions: DeployedFunction[];

  beforeAll(() => {
    deployed = Object.keys(option.settings).length === 0 ? standard : deploy(plan, option.settings);
    functions = deployedFunctions(deployed, ENVIRONMENT);
  });

  test('each function may do what it was seen to need, and nothing else', () => {
    expect(functions.map((f) => f.name).sort()).toEqual(Object.keys(SEEN).sort());
    const nothing = Object.fromEntries(functions.map((f) => [f.name, { missing: [], spare: [] }]));
    const found = functions.map((f) => [f.name, compare(needsOf(f), f.grants, explanationsFor(f, option))]);
    expect(Object.fromEntries(found)).toEqual(nothing);
  });

  test('every explanation explains something', () => {
    const roles = functions.map((f) => ({
      needs: needsOf(f),
      grants: f.grants,
      explanations: explanationsFor(f, option),
    }));
    expect(staleExplanations(roles, option.explanations)).toEqual([]);
  });

  test('no role has a wildcard for an action, nor for a resource where the service takes one', () => {
    const roles = [...functions.map((f) => f.grants), ...otherRoles(deployed, ENVIRONMENT).values()];
    const wide = roles.flat().filter(({ action, resource }) => {
      if (action.includes('*')) return true;
      return resource === '*' && !WITHOUT_RESOURCE.has(action);
    });
    expect(wide).toEqual([]);
  });
});

describe('the comparison is not empty', () => {
  let functions: DeployedFunction[];
  beforeAll(() => {
    functions = deployedFunctions(standard, ENVIRONMENT);
  });

  test('each function would lack whichever action is taken away', () => {
    for (const f of functions) {
      const needs = needsOf(f);
      for (const action of new Set(needs.map((need) => need.action))) {
        const rest = f.grants.filter((grant) => grant.action !== action);
        expect(compare(needs, rest, []).missing.join()).toContain(action);
      }
    }
  });

  test('an action more, or the same on another resource, would be spare', () => {
    const option = OPTIONS[0]!;
    for (const f of functions) {
      const known = f.grants.find((grant) => grant.action === 's3:GetObject')!;
      const more = [
        { ...known, action: 's3:DeleteObjectVersion' },
        { ...known, resource: 'arn:aws:s3:::another/*' },
      ];
      const { spare } = compare(needsOf(f), [...f.grants, ...more], explanationsFor(f, option));
      expect(spare).toEqual([
        `s3:DeleteObjectVersion on ${known.resource}`,
        's3:GetObject on arn:aws:s3:::another/*',
      ]);
    }
  });
});

test('the state machine and the schedules may start what they start, and hold the lock', () => {
  const roles = otherRoles(standard, ENVIRONMENT);
  const found = [...roles].map(([role, grants]): [string, string[]] => [
    // Without the hash at the end of a logical id.
    role.replace(/[0-9A-F]{8}$/, ''),
    grants
      .filter(({ action }) => !WITHOUT_RESOURCE.has(action))
      .map(
        ({ action, resource }) => `${action} on ${resource.replaceAll(/(?<=[a-z])[0-9A-F]{8}(?=[.>])/g, '')}`,
      )
      .sort(),
  ]);
  const ledger = 'arn:aws:dynamodb:eu-central-1:123456789012:table/flights-ledger';
  // CDK lets a schedule invoke the versions of its function too.
  const invokes = (id: string): string[] => [
    `lambda:InvokeFunction on <${id}.Arn>`,
    `lambda:InvokeFunction on <${id}.Arn>:*`,
  ];
  expect(Object.fromEntries(found)).toEqual({
    IntegrationRole: [
      `dynamodb:DeleteItem on ${ledger}`,
      `dynamodb:PutItem on ${ledger}`,
      'lambda:InvokeFunction on <IntegrationIntegrateFunction.Arn>',
    ],
    IntegrationScheduleRole: ['states:StartExecution on <IntegrationStateMachine>'],
    MaintenanceScheduleRole: invokes('MaintenanceMaintainFunction'),
    RealTimeCommitterSweepRole: invokes('RealTimeCommitterCommitFunction'),
  });
});
