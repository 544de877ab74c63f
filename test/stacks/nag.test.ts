import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan } from '../../src/definition/plan.ts';
import { deploy, findings, flightsPlan } from './support.ts';

/** Settings that change what is made, each beside the default. */
const OPTIONS: Record<string, Record<string, unknown>> = {
  default: {},
  'customer key': { encryption: 'customer' },
  'private network': { network: 'private' },
  'private network with a customer key': { network: 'private', encryption: 'customer' },
  'provisioned streams': { 'stream.mode': 'provisioned' },
  'enhanced fan-out': { 'stream.enhancedFanOut': true },
  'no traces': { tracing: false },
  x64: { architecture: 'x64' },
  'reserved concurrency': { 'commit.reservedConcurrency': 2 },
  'Lake Formation': { 'query.analystRoles': ['arn:aws:iam::123456789012:role/analyst'] },
  'e-mail and budget': { 'operations.email': 'ops@example.com', 'operations.monthlyBudgetUsd': 500 },
  'nothing that watches': { 'operations.alarms': false, 'operations.dashboard': false },
};

describe('cdk-nag AwsSolutions', () => {
  let plan: Plan;
  beforeAll(async () => {
    plan = await flightsPlan();
  });

  test.each(Object.entries(OPTIONS))('finds nothing with %s', (_name, settings) => {
    expect(findings(deploy(plan, settings))).toEqual([]);
  });
});
