import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileRule, type RuleUse } from '../../../src/engine/compile-rule.ts';
import { RuleProblem } from '../../../src/engine/rule-problem.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { ORDERS } from './orders.ts';
import { REFUSED_MEASURES, REFUSED_VALUES } from './refused-rules.ts';

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1, sandbox: true });
  session = await engine.session();
});
afterAll(() => engine.close());

async function problem(rule: string, use: RuleUse): Promise<RuleProblem> {
  const error: unknown = await compileRule(session, rule, ORDERS, use).then(
    (compiled) => new Error(`compiled to ${compiled.duckdb}`),
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(RuleProblem);
  return error as RuleProblem;
}

describe('a rule that the engines could answer differently is refused with what to write', () => {
  test.each(REFUSED_VALUES)('%s', async (rule, message, remedy) => {
    const found = await problem(rule, 'value');
    expect(found.message).toContain(message);
    expect(found.remedy).toContain(remedy);
  });
  test.each(REFUSED_MEASURES)('measure %s', async (rule, message, remedy) => {
    const found = await problem(rule, 'measure');
    expect(found.message).toContain(message);
    expect(found.remedy).toContain(remedy);
  });
});

test('a condition that is no condition is refused', async () => {
  expect((await problem('qty + 1', 'condition')).message).toBe('is integer, not a condition');
});

test('words of DuckDB inside of text and quoted names are only text', async () => {
  const { duckdb } = await compileRule(
    session,
    `name = 'SELECT -- now() :: /* */ ;' OR "name" = 'ILIKE'`,
    ORDERS,
    'condition',
  );
  expect(duckdb).toBe(`(("batch"."name" = 'SELECT -- now() :: /* */ ;') OR ("batch"."name" = 'ILIKE'))`);
});

test('a problem points at its place in the text', async () => {
  expect((await problem('qty > 1 AND nope = 2', 'condition')).place).toBe(12);
});
