import { Engine, type Session } from '../../../src/engine/session.ts';
import { tableSql } from '../../../src/engine/table-sql.ts';
import { planScan, requireTable, type TableIo } from '../../../src/iceberg/index.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { Row } from '../../../src/ports/effects.ts';

/** What tells an actual result from an expected one: counts, and some rows of each side that the other lacks. */
export interface Difference {
  actual: number;
  expected: number;
  extra: Row[];
  missing: Row[];
}

/** A plain engine of the test's own, without sandbox or plan. */
export async function withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const engine = await Engine.open({ threads: 2 });
  try {
    return await work(await engine.session());
  } finally {
    await engine.close();
  }
}

/** SQL over a table's live rows, by our own scan. */
export async function liveSql(io: TableIo, name: TableName): Promise<string> {
  return tableSql(io.store, await planScan(io, await requireTable(io, name)));
}

/** Compares every row and column of `actual` (as a multiset) with `expected`; the columns are those of `expected`. */
export async function compare(session: Session, actual: string, expected: string): Promise<Difference> {
  await session.run(`CREATE OR REPLACE TEMP TABLE expected AS ${expected}`);
  const columns = (await session.columns('SELECT * FROM expected')).map((c) => `"${c.name}"`).join(', ');
  await session.run(`CREATE OR REPLACE TEMP TABLE actual AS SELECT ${columns} FROM (${actual})`);
  const count = async (table: string): Promise<number> =>
    Number((await session.rows(`SELECT count(*) AS n FROM ${table}`))[0]?.n);
  return {
    actual: await count('actual'),
    expected: await count('expected'),
    extra: await session.rows('SELECT * FROM (FROM actual EXCEPT ALL FROM expected) LIMIT 5'),
    missing: await session.rows('SELECT * FROM (FROM expected EXCEPT ALL FROM actual) LIMIT 5'),
  };
}
