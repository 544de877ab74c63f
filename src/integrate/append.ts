import { commitWithMark } from '../commit/committer.ts';
import { dataFile } from '../commit/files.ts';
import { advance, readMark } from '../commit/mark.ts';
import type { PlanSilver } from '../definition/plan.ts';
import { realtimeTable, silverTable } from '../definition/tables.ts';
import { writeParquet } from '../engine/parquet.ts';
import type { Session } from '../engine/session.ts';
import { ident } from '../engine/sql-text.ts';
import { TidemarkError } from '../errors.ts';
import { currentSchema } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import { endsOf, loadRows, rangesBeyond } from './beyond.ts';
import { existing, type IntegrationPorts, type StepResult } from './ports.ts';
import { SOURCE } from './silver-sql.ts';

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
  const { ranges, more, rows } = await loadRows(io, session, source, wanted, ports.maxRows, SOURCE(group.from));

  const chosen = new Map(group.columns.map((c) => [c.name, c.expression.duckdb]));
  const schema = currentSchema(table.metadata);
  const columns = schema.fields.map((f) => `(${chosen.get(f.name) ?? ident(f.name)}) AS ${ident(f.name)}`);
  const where = group.when ? `WHERE (${group.when.duckdb})` : '';
  const id = io.random.uuid();
  const { path, ...stats } = await writeParquet(session, {
    select: `SELECT ${columns.join(', ')} FROM ${ident(SOURCE(group.from))} ${where}`,
    schema,
    path: `${ports.scratch}/${id}.parquet`,
    fullBounds: ['_shard', '_seq', '_ord'],
  });
  const uri = `${table.metadata.location}/data/${id}.parquet`;
  if (stats.recordCount > 0) await io.store.putFile(uri, path);
  const outcome = await commitWithMark(io, table, advance(mark, group.from, endsOf(ranges)), {
    operation: 'append',
    addedData: stats.recordCount > 0 ? [dataFile(uri, stats)] : [],
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
  return { step, outcome: 'committed', read: rows, changed: stats.recordCount, more };
}
