import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileRule } from '../../../src/engine/compile-rule.ts';
import { duckdbType } from '../../../src/engine/iceberg-schema.ts';
import { RuleProblem } from '../../../src/engine/rule-problem.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { isKind } from '../../../src/errors.ts';
import { ORDER_COLUMNS, ORDERS } from './orders.ts';

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1, sandbox: true });
  session = await engine.session();
  const columns = ORDER_COLUMNS.map((c) => `"${c.name}" ${duckdbType(c.type)}`);
  await session.run(`CREATE TEMP TABLE batch (${columns.join(', ')})`);
  await session.run(`CREATE TEMP TABLE customers (id BIGINT, tier VARCHAR)`);
  const some = `7, 'a,b', 3, 1.25, 0.5, 2.5, 1.5, TIMESTAMP '2024-02-29 12:30:00', DATE '2024-02-29', true, ['x'], MAP {'k': 'v'}, {'city': 'Ulm'}`;
  await session.run(`INSERT INTO batch VALUES (${some})`);
  await session.run(`INSERT INTO batch (id) VALUES (1)`);
});
afterAll(() => engine.close());

type Kind = 'number' | 'text' | 'truth' | 'time';
const LEAVES: Record<Kind, string[]> = {
  number: [
    'id',
    'qty',
    'price',
    'rate',
    'temp',
    '1',
    '-2',
    '3000000000',
    '0.25',
    '1e3',
    'CAST(weight AS double)',
    'CAST(NULL AS integer)',
  ],
  text: [
    'name',
    'customers.tier',
    'address.city',
    `'a'`,
    `'2024-01-01'`,
    `'12'`,
    `element_at(tags, 1)`,
    'CAST(NULL AS varchar)',
  ],
  truth: ['ok', 'true', 'false', 'name IS NULL', 'CAST(NULL AS boolean)'],
  time: ['ts', 'day', `DATE '2024-01-31'`, `TIMESTAMP '2024-01-31 10:00:00.500'`],
};

const kinds = fc.letrec<Record<Kind, string>>((tie) => {
  const form = (text: TemplateStringsArray, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((values) => String.raw({ raw: text.raw }, ...values));
  const [n, t, b, d] = [tie('number'), tie('text'), tie('truth'), tie('time')];
  const arithmetic = fc.constantFrom('+', '-', '*');
  const comparison = fc.constantFrom('=', '<>', '<', '>=', 'IS DISTINCT FROM');
  const unit = fc.constantFrom(`'day'`, `'month'`, `'year'`, `'hour'`);
  const grow = (kind: Kind, ...forms: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.oneof({ maxDepth: 3, withCrossShrink: true }, fc.constantFrom(...LEAVES[kind]), ...forms);
  const chosen = (x: fc.Arbitrary<string>): fc.Arbitrary<string>[] => [
    form`CASE WHEN ${b} THEN ${x} ELSE ${x} END`,
    form`coalesce(${x}, ${x})`,
    form`nullif(${x}, ${x})`,
    form`greatest(${x}, ${x}, ${x})`,
  ];
  return {
    number: grow(
      'number',
      form`(${n} ${arithmetic} ${n})`,
      form`(${n} / nullif(${n}, 0))`,
      form`(${n} % 7)`,
      form`- ${n}`,
      form`round(${n})`,
      form`round(${n}, 1)`,
      form`floor(${n})`,
      form`abs(${n})`,
      form`length(${t})`,
      form`year(${d})`,
      form`date_diff(${unit}, ${d}, ${d})`,
      form`TRY_CAST(${t} AS decimal(20,4))`,
      form`CAST(round(${n}) AS bigint)`,
      form`CAST(${n} AS double)`,
      ...chosen(n),
    ),
    text: grow(
      'text',
      form`(${t} || ${t})`,
      form`concat(${t}, ${t}, ${t})`,
      form`substr(${t}, ${n})`,
      form`upper(${t})`,
      form`CAST(${d} AS varchar)`,
      form`CAST(CAST(round(${n}) AS integer) AS varchar)`,
      form`split_part(${t}, ',', 2)`,
      ...chosen(t),
    ),
    truth: grow(
      'truth',
      form`(${n} ${comparison} ${n})`,
      form`(${t} ${comparison} ${t})`,
      form`(${d} ${comparison} ${d})`,
      form`(${b} AND ${b})`,
      form`(${b} OR NOT ${b})`,
      form`(${n} BETWEEN ${n} AND ${n})`,
      form`(${t} IN (${t}, ${t}))`,
      form`(${t} LIKE 'a%')`,
      ...chosen(b),
    ),
    time: grow(
      'time',
      form`date_trunc(${unit}, ${d})`,
      form`date_add(${unit}, ${n}, ${d})`,
      form`CAST(${d} AS timestamp(3))`,
      form`CAST(${d} AS date)`,
      form`last_day_of_month(${d})`,
      form`(ts - INTERVAL '90' MINUTE)`,
      ...chosen(d),
    ),
  };
});
const rule = fc.oneof(kinds.number, kinds.text, kinds.truth, kinds.time);

test('a rule is refused, or it binds, has the type that was promised, and fails only for values', async () => {
  let compiled = 0;
  await fc.assert(
    fc.asyncProperty(rule, async (text) => {
      const result = await compileRule(session, text, ORDERS, 'value').catch((error: unknown) => {
        if (error instanceof RuleProblem) return undefined;
        throw error;
      });
      if (!result) return;
      compiled++;
      const query = `SELECT ${result.duckdb} AS v FROM batch LEFT JOIN customers ON customers.id = batch.id`;
      const [column] = await session.columns(query);
      expect(column!.type.replaceAll('"', '')).toBe(duckdbType(result.type).replaceAll('"', ''));
      await session.rows(query).catch((error: unknown) => {
        if (!isKind(error, 'invalid')) throw error;
      });
    }),
    { numRuns: 900, seed: 20_240_229 },
  );
  // The generator is of use only while a fair part of its rules is accepted.
  expect(compiled).toBeGreaterThan(400);
});
