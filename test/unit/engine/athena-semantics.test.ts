import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { compileRule } from '../../../src/engine/compile-rule.ts';
import { PRELUDE } from '../../../src/engine/prelude.ts';
import type { Scope } from '../../../src/engine/scope.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { ANSWERS } from './athena-answers.ts';

const NOTHING: Scope = { of: 'nothing', columns: [] };
let engine: Engine;
let session: Session;

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.session();
});
afterAll(() => engine.close());

describe("a rule in DuckDB gives Athena's answer", () => {
  test.each(ANSWERS)('%s = %p', async (expression, answer) => {
    const { duckdb } = await compileRule(session, expression, NOTHING, 'value');
    const [row] = await session.rows(`SELECT ${duckdb} AS answer`);
    expect(row?.answer).toEqual(answer);
  });

  test('a compiled text compiles again to the same type, so the check and the output agree', async () => {
    for (const [expression] of ANSWERS) {
      const { athena, type } = await compileRule(session, expression, NOTHING, 'value');
      // Regular expressions and types without a spelling in rules apart, our own output is in the subset.
      const again = await compileRule(session, athena, NOTHING, 'value');
      expect({ expression, type: again.type }).toEqual({ expression, type });
    }
  });

  test('the macros shadow no function of DuckDB, so plain SQL in the same session keeps its meaning', async () => {
    const [row] = await session.rows(
      `SELECT substr('hello', 0, 3) AS s, concat('a', NULL) AS c, greatest(1, NULL) AS g`,
    );
    expect(row).toEqual({ s: 'he', c: 'a', g: 1 });
    expect(PRELUDE.every((macro) => macro.sql.startsWith('CREATE MACRO athena.'))).toBe(true);
  });

  test('two macros never share a name', () => {
    expect(new Set(PRELUDE.map((m) => m.name)).size).toBe(PRELUDE.length);
  });
});
