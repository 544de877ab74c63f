import { setTimeout as sleep } from 'node:timers/promises';
import type { TableIo } from '../../../src/iceberg/index.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { Row } from '../../../src/ports/effects.ts';
import { liveSql, withSession } from '../../local/support/compare.ts';
import { say } from './progress.ts';

const POLL_MS = 500;

export const named = (database: string, table: string): TableName => ({ database, table });

/** Rows of `select` over a table's live rows, named `t`, by our own scan. */
export async function rowsOf(io: TableIo, name: TableName, select: string): Promise<Row[]> {
  const live = await liveSql(io, name);
  return withSession((session) => session.rows(`WITH t AS (${live}) ${select}`));
}

export async function countOf(io: TableIo, name: TableName, where = 'true'): Promise<number> {
  const [row] = await rowsOf(io, name, `SELECT count(*) AS n FROM t WHERE ${where}`);
  return Number(row?.n);
}

/** Waits until a table has so many rows; more, or fewer at the end of the time, is an error. */
export async function untilRows(io: TableIo, name: TableName, wanted: number, within: number): Promise<void> {
  const began = Date.now();
  for (;;) {
    const count = await countOf(io, name);
    const what = `${name.database}.${name.table}: ${count} of ${wanted} rows`;
    if (count > wanted) throw new Error(what);
    if (count === wanted) {
      say(`${what} after ${((Date.now() - began) / 1000).toFixed(1)} s`);
      return;
    }
    if (Date.now() - began > within) throw new Error(`${what} after ${within} ms`);
    await sleep(POLL_MS);
  }
}

/** Tries a check until it holds; its last failure is thrown when it does not within the time. */
export async function eventually(within: number, check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}
