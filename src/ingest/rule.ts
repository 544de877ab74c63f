import type { PlanRealtime } from '../definition/plan.ts';
import { ordSql } from '../engine/ord.ts';
import type { Session } from '../engine/session.ts';
import { isKind } from '../errors.ts';
import { showRows } from './batch-table.ts';

/** A row that a rule cannot be computed for: an overflow, a cast that fails. */
export interface BadRow {
  row: number;
  table: string;
  message: string;
}

/** The session's table that holds what a real-time table's rule made of the batch. */
export const outputOf = (table: Pick<PlanRealtime, 'name'>): string => `"out_${table.name}"`;

async function runRule(session: Session, table: PlanRealtime): Promise<void> {
  const version = table.columns.find((c) => c.name === table.version)!;
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${outputOf(table)} AS SELECT *, ${ordSql(version)} AS _ord FROM (${table.rule.duckdb})`,
  );
}

/** True for errors that the values of rows cause; disk, memory or a missing table are not the records' fault. */
function causedByContent(error: unknown): error is Error {
  return isKind(error, 'invalid');
}

async function badRows(
  session: Session,
  table: PlanRealtime,
  range: { from: number; to: number },
  known: number[],
): Promise<BadRow[]> {
  await showRows(session, range, known);
  try {
    await runRule(session, table);
    return [];
  } catch (error) {
    if (!causedByContent(error)) throw error;
    if (range.to - range.from <= 1) return [{ row: range.from, table: table.name, message: error.message }];
  }
  const middle = (range.from + range.to) >> 1;
  return [
    ...(await badRows(session, table, { from: range.from, to: middle }, known)),
    ...(await badRows(session, table, { from: middle, to: range.to }, known)),
  ];
}

/**
 * Runs the rules of all tables of the stream over the loaded batch. A record for which any rule fails is left out of
 * every table and returned, so that it goes to quarantine and the good ones beside it arrive.
 */
export async function runRules(session: Session, tables: PlanRealtime[], rows: number): Promise<BadRow[]> {
  const bad: BadRow[] = [];
  for (const table of tables) {
    const found = await badRows(
      session,
      table,
      { from: 0, to: rows },
      bad.map((b) => b.row),
    );
    bad.push(...found);
  }
  if (bad.length === 0) return bad;
  await showRows(
    session,
    undefined,
    bad.map((b) => b.row),
  );
  for (const table of tables) await runRule(session, table);
  return bad;
}
