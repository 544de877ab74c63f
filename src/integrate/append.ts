import { commitWithMark } from '../commit/committer.ts';
import { advance, readMark } from '../commit/mark.ts';
import type { PlanSilver } from '../definition/plan.ts';
import { realtimeTable, silverTable } from '../definition/tables.ts';
import type { Session } from '../engine/session.ts';
import { ident } from '../engine/sql-text.ts';
import { unknownColumns } from '../engine/unknown-columns.ts';
import { TidemarkError } from '../errors.ts';
import { currentSchema } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import { endsOf, loadRows, rangesBeyond } from './beyond.ts';
import { existing, type IntegrationPorts, type StepResult } from './ports.ts';
import { putRows } from './put-rows.ts';
import { NEXT, SOURCE } from './silver-sql.ts';
import { recordTouched } from './touched.ts';

/** Every row beyond the cut, once: rows and mark are one commit on the very snapshot whose mark was read. */
export async function mergeAppend(
  ports: IntegrationPorts,
  session: Session,
  silver: PlanSilver,
): Promise<StepResult | undefined> {
  const { io } = ports;
  const group = silver.groups[0]!;
  const table = await existing(ports, silverTable(ports.plan, silver.name));
  const mark = await readMark(io.store, table);
  const source = await existing(ports, realtimeTable(ports.plan, group.from));
  const wanted = rangesBeyond(mark, group.from, await readMark(io.store, source));
  const step = `merge-${silver.name}`;
  if (wanted.length === 0) return { step, outcome: 'idle', read: 0, changed: 0, more: false };
  const { ranges, more, rows } = await loadRows(
    io,
    session,
    source,
    wanted,
    ports.maxRows,
    SOURCE(group.from),
  );

  const chosen = new Map(group.columns.map((c) => [c.name, c.expression.duckdb]));
  const schema = currentSchema(table.metadata);
  const unknown = new Set(unknownColumns(ports.plan, table.name, schema));
  const valueOf = (name: string): string => chosen.get(name) ?? (unknown.has(name) ? 'NULL' : ident(name));
  const columns = schema.fields.map((f) => `(${valueOf(f.name)}) AS ${ident(f.name)}`);
  const where = group.when ? `WHERE (${group.when.duckdb})` : '';
  await session.run(`CREATE OR REPLACE TEMP TABLE ${NEXT} AS
    SELECT ${columns.join(', ')} FROM ${ident(SOURCE(group.from))} ${where}`);
  const write = { select: `SELECT * FROM ${NEXT}`, fullBounds: ['_shard', '_seq', '_ord'] };
  const added = await putRows(io, session, table, write, ports.scratch);
  const moved = advance(mark, group.from, endsOf(ranges));
  const touched = await recordTouched(ports, session, silver, table, moved, undefined, NEXT);
  const outcome = await commitWithMark(io, table, touched, {
    operation: 'append',
    addedData: added ? [added] : [],
    addedDeletes: [],
    removedData: [],
    removedDeletes: [],
    summary: {},
  });
  if (outcome.kind === 'conflict') return undefined;
  if (outcome.kind === 'unknown')
    throw new TidemarkError('unknown', `the outcome of a merge into ${tableKey(table.name)} is unknown`, {
      cause: outcome.cause,
    });
  return { step, outcome: 'committed', read: rows, changed: added?.recordCount ?? 0, more };
}
