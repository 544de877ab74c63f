import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { athenaType } from '../../../src/definition/index.ts';
import { compileRule } from '../../../src/engine/compile-rule.ts';
import { duckdbType } from '../../../src/engine/iceberg-schema.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import type { Json } from '../../../src/ports/effects.ts';
import { ORDER_COLUMNS, ORDERS } from './orders.ts';

let engine: Engine;
let session: Session;

const ROWS = [
  `(1, '  Ann ', 7, 1234.56, 0.0825, 0.5, 1.5, '2024-01-31 23:59:59.123', '2024-01-31', true, ['a', NULL], MAP {'k': 'v'}, {'city': 'Ulm'}, 'gold')`,
  `(2, '50%', -7, -10.05, 0.1250, 1.5, 2.5, '2024-02-29 00:00:00', '2024-02-29', false, ['b'], MAP {}, {'city': NULL}, NULL)`,
  `(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'basic')`,
];

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.session();
  const columns = ORDER_COLUMNS.map((c) => `"${c.name}" ${duckdbType(c.type)}`);
  await session.run(`CREATE TEMP TABLE batch (${columns.join(', ')}, tier VARCHAR)`);
  await session.run(`INSERT INTO batch VALUES ${ROWS.join(', ')}`);
  await session.run('CREATE TEMP VIEW customers AS SELECT id, tier FROM batch');
});
afterAll(() => engine.close());

async function values(rule: string): Promise<{ type: string; values: Json[] }> {
  const { duckdb, type } = await compileRule(session, rule, ORDERS, 'value');
  const rows = await session.rows(
    `SELECT ${duckdb} AS v FROM batch JOIN customers ON customers.id = batch.id ORDER BY batch.id`,
  );
  return { type: athenaType(type), values: rows.map((r) => r.v!) };
}

describe('a value of each row', () => {
  const CASES: [rule: string, type: string, values: Json[]][] = [
    ['qty / 2', 'integer', [3, -3, null]],
    ['qty * 1000000000000', 'bigint', ['7000000000000', '-7000000000000', null]],
    ['CAST(qty AS double) / nullif(id - 1, 0)', 'double', [null, -7, null]],
    ['price * rate', 'decimal(17,6)', ['101.851200', '-1.256250', null]],
    ['price + rate', 'decimal(15,4)', ['1234.6425', '-9.9250', null]],
    ['price * 100000000000', 'decimal(31,2)', ['123456000000000.00', '-1005000000000.00', null]],
    ['price > 5', 'boolean', [true, false, null]],
    ['temp >= 0.5 AND price < temp', 'boolean', [false, true, null]],
    ['coalesce(qty, 0) > 0', 'boolean', [true, false, false]],
    [
      `CASE WHEN temp > 1 THEN 'warm' WHEN temp IS NULL THEN 'none' ELSE 'cold' END`,
      'varchar',
      ['cold', 'warm', 'none'],
    ],
    [`CASE qty WHEN 7 THEN 1.5 ELSE 2 END`, 'decimal(11,1)', ['1.5', '2.0', '2.0']],
    ['if(ok, 1, 2)', 'integer', [1, 2, 2]],
    ['trim(name)', 'varchar', ['Ann', '50%', null]],
    [`name LIKE '50!%' ESCAPE '!'`, 'boolean', [false, true, null]],
    [`name NOT LIKE '%n%'`, 'boolean', [false, true, null]],
    ['customers.tier', 'varchar', ['gold', null, 'basic']],
    [`Customers.Tier = 'gold'`, 'boolean', [true, null, false]],
    ['address.city', 'varchar', ['Ulm', null, null]],
    ['element_at(tags, 1)', 'varchar', ['a', 'b', null]],
    ['element_at(tags, 9)', 'varchar', [null, null, null]],
    [`element_at(attributes, 'k')`, 'varchar', ['v', null, null]],
    ['cardinality(tags)', 'bigint', ['2', '1', null]],
    [`contains(tags, 'b')`, 'boolean', [null, true, null]],
    [`array_join(tags, '|')`, 'varchar', ['a', 'b', null]],
    [`date_trunc('month', day)`, 'date', ['2024-01-01', '2024-02-01', null]],
    [`date_add('month', 1, ts)`, 'timestamp(3)', ['2024-02-29 23:59:59.123', '2024-03-29 00:00:00', null]],
    ['CAST(ts AS date)', 'date', ['2024-01-31', '2024-02-29', null]],
    [`ts > DATE '2024-02-01'`, 'boolean', [false, true, null]],
    ['greatest(qty, 1.5)', 'decimal(11,1)', ['7.0', '1.5', null]],
    ['CAST(weight AS double) + temp', 'double', [2, 4, null]],
    ['qty BETWEEN 0 AND 10', 'boolean', [true, false, null]],
    ['qty NOT IN (7, 8)', 'boolean', [false, true, null]],
    ['qty IS DISTINCT FROM 7', 'boolean', [false, true, true]],
    ['nullif(rate, 0)', 'decimal(5,4)', ['0.0825', '0.1250', null]],
    ['id / nullif(id - 2, 0)', 'bigint', ['-1', null, '3']],
    ['- qty', 'integer', [-7, 7, null]],
    ['tags', 'array(varchar)', [['a', null], ['b'], null]],
  ];
  test.each(CASES)('%s', async (rule, type, expected) => {
    expect(await values(rule)).toEqual({ type, values: expected });
  });
});

describe('a measure', () => {
  const CASES: [rule: string, type: string, all: Json, none: Json][] = [
    ['count(*)', 'bigint', '3', '0'],
    ['count(qty)', 'bigint', '2', '0'],
    ['count(DISTINCT ok)', 'bigint', '2', '0'],
    // DuckDB's own count_if gives NULL where no condition is known.
    ['count_if(qty > 100)', 'bigint', '0', '0'],
    ['count_if(ok) FILTER (WHERE id > 1)', 'bigint', '0', '0'],
    ['sum(qty)', 'bigint', '0', null],
    ['sum(price)', 'decimal(38,2)', '1224.51', null],
    ['avg(id)', 'double', 2, null],
    ['min(name)', 'varchar', '  Ann ', null],
    ['max(ts)', 'timestamp(3)', '2024-02-29 00:00:00', null],
    ['sum(id) FILTER (WHERE id > 1)', 'bigint', '5', null],
    ['CAST(count_if(ok) AS double) / nullif(count(ok), 0)', 'double', 0.5, null],
    ['bool_or(ok)', 'boolean', true, null],
    ['sum(id) / nullif(count(qty), 0)', 'bigint', '3', null],
  ];
  test.each(CASES)('%s', async (rule, type, all, none) => {
    const compiled = await compileRule(session, rule, ORDERS, 'measure');
    const [full] = await session.rows(`SELECT ${compiled.duckdb} AS v FROM batch`);
    const [empty] = await session.rows(`SELECT ${compiled.duckdb} AS v FROM batch WHERE false`);
    expect({ type: athenaType(compiled.type), all: full?.v, none: empty?.v }).toEqual({ type, all, none });
  });
});

test('precedence cannot change the meaning: both texts carry every parenthesis', async () => {
  const { athena, duckdb } = await compileRule(
    session,
    `NOT ok OR qty + 1 * 2 = 3 AND name IS NULL`,
    ORDERS,
    'condition',
  );
  const text = `((NOT "batch"."ok") OR ((("batch"."qty" + (1 * 2)) = 3) AND ("batch"."name" IS NULL)))`;
  expect([athena, duckdb]).toEqual([text, text]);
});
