import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { definitionFiles } from '../../lib/assets.ts';
import { deploy, flightsPlan } from '../stacks/support.ts';
import { compare, type Findings } from './support/compare.ts';
import { deployedFunctions, type DeployedFunction } from './support/policies.ts';
import { Scenario } from './support/scenario.ts';

const ENVIRONMENT = { account: '123456789012', region: 'eu-central-1' };
const BASE = fileURLToPath(new URL('../../examples/flights/', import.meta.url));

let functions: DeployedFunction[];
let scenario: Scenario;

beforeAll(async () => {
  const plan = await flightsPlan();
  functions = deployedFunctions(deploy(plan), ENVIRONMENT);
  scenario = await Scenario.open(functions, definitionFiles(plan, BASE), ENVIRONMENT);
  const t = Date.now();
  try { await scenario.run(); } catch (e) { console.log(scenario.said.slice(-6000)); throw e; }
  finally { console.log(Date.now() - t, 'ms');
  await (await import('node:fs/promises')).writeFile('/tmp/said.log', scenario.said); }
});
afterAll(() => scenario.close());

test('x', () => {
  const found: Record<string, Findings> = {};
  for (const f of functions) found[f.name] = compare(scenario.needs(f.name), f.grants, []);
  console.log(JSON.stringify(found, null, 1));
  for (const f of functions) console.log(f.name, [...scenario.operations(f.name)].join(' '));
});
