import { beforeAll, describe, expect, test } from '@jest/globals';
import { deploy, findings, flightsPlan, largeLakehouse, type Deployed } from './support.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';

/** CloudFormation's quotas: resources, bytes and outputs of a template. */
const RESOURCES = 500;
const BYTES = 1_000_000;
const OUTPUTS = 200;
/** IAM's quota for all inline policies of a role, without white space. */
const POLICY_BYTES = 10_240;

describe('a lakehouse of 50 tables with a stream each', () => {
  let large: Deployed;
  beforeAll(async () => {
    large = deploy(await compileLakehouse(largeLakehouse(50)));
  });

  test.each(['data', 'pipeline', 'operations'] as const)(
    '%s stays inside CloudFormation’s limits',
    (name) => {
      const template = large[name]!.toJSON() as { Resources: object; Outputs?: object };
      expect(Object.keys(template.Resources).length).toBeLessThan(RESOURCES);
      expect(Object.keys(template.Outputs ?? {}).length).toBeLessThan(OUTPUTS);
      expect(JSON.stringify(template).length).toBeLessThan(BYTES);
    },
  );

  test('no policy is longer than a role may have', () => {
    const byRole = new Map<string, number>();
    for (const policy of Object.values(large.pipeline.findResources('AWS::IAM::Policy'))) {
      const { Roles, PolicyDocument } = (
        policy as { Properties: { Roles: unknown[]; PolicyDocument: object } }
      ).Properties;
      const role = JSON.stringify(Roles[0]);
      byRole.set(role, (byRole.get(role) ?? 0) + JSON.stringify(PolicyDocument).length);
    }
    expect(byRole.size).toBeGreaterThan(50);
    expect(Math.max(...byRole.values())).toBeLessThan(POLICY_BYTES);
  });

  test('is clean by cdk-nag too', () => {
    expect(findings(large)).toEqual([]);
  });
});

test('a synthesis without bundling takes less than 15 seconds', async () => {
  const began = performance.now();
  deploy(await flightsPlan());
  expect(performance.now() - began).toBeLessThan(15_000);
});
