import { commitWithMark } from '../commit/committer.ts';
import { readMark, type Mark } from '../commit/mark.ts';
import type { PlanGold } from '../definition/plan.ts';
import { goldTable, silverTable } from '../definition/tables.ts';
import type { Session } from '../engine/session.ts';
import { ident, idents, literal } from '../engine/sql-text.ts';
import { unknownColumns } from '../engine/unknown-columns.ts';
import { tableSql } from '../engine/table-sql.ts';
import { visibleSql } from '../engine/visible.ts';
import { TidemarkError } from '../errors.ts';
import { currentSchema, currentSnapshot, isAncestor, planScan, type Table } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import { existing, type IntegrationPorts, type StepResult } from './ports.ts';
import { planRowDelta } from './row-delta.ts';
import { groupsSql } from './touched.ts';

const TOUCHED = 'touched_groups';

/** The touched-group files to read, or undefined when all groups must be recomputed. */
function touchedFiles(gold: PlanGold, goldMark: Mark, silver: Table, silverMark: Mark): string[] | undefined {
  const stamp = goldMark.inputs[gold.from];
  const current = currentSnapshot(silver.metadata);
  if (stamp === undefined || current === undefined) return undefined;
  const since = BigInt(stamp.sequenceNumber);
  const line = isAncestor(silver.metadata, BigInt(stamp.snapshotId), current['snapshot-id'], since);
  // Silver was rolled back behind the stamp: what Gold has from the lost snapshots is in no list.
  if (line === 'no') return undefined;
  if (line === 'undecidable') {
    // A stamp that was trimmed from the history is still good when our own list reaches back to it.
    const known = silverMark.touched.some((t) => t.sequenceNumber === stamp.sequenceNumber);
    if (!known && stamp.sequenceNumber !== silverMark.touchedSince) return undefined;
  }
  if (BigInt(silverMark.touchedSince) > since) return undefined;
  // A foreign change of Silver is newer than the newest commit that our list knows.
  const newest = silverMark.touched.at(-1);
  if (newest?.sequenceNumber !== String(current['sequence-number'])) return undefined;
  const after = silverMark.touched.filter((t) => BigInt(t.sequenceNumber) > since);
  return after.flatMap((t) => t.files[gold.name] ?? []);
}

async function loadTouched(
  ports: IntegrationPorts,
  session: Session,
  gold: PlanGold,
  files: string[] | undefined,
  silverRows: string,
  goldRows: string,
): Promise<void> {
  const names = gold.groupBy.map((g) => g.name);
  let source = `${groupsSql(gold, `(${silverRows})`)} UNION SELECT ${idents(names)} FROM (${goldRows})`;
  if (files) {
    const paths = await Promise.all(files.map((f) => ports.io.store.readable(f)));
    source =
      paths.length > 0
        ? `SELECT DISTINCT ${idents(names)} FROM read_parquet([${paths.map(literal).join(', ')}])`
        : `SELECT ${idents(names)} FROM (${goldRows}) LIMIT 0`;
  }
  await session.run(`CREATE OR REPLACE TEMP TABLE ${TOUCHED} AS ${source}`);
}

const sameGroup = (gold: PlanGold, left: string, right: string): string =>
  gold.groupBy
    .map((g) => `${left}.${ident(g.name)} IS NOT DISTINCT FROM ${right}.${ident(g.name)}`)
    .join(' AND ');

/** Computes the touched groups anew from Silver, and finds the old rows that they replace; equal rows stay. */
async function recompute(
  session: Session,
  gold: PlanGold,
  silverRows: string,
  goldRows: string,
  unknown: readonly string[],
): Promise<void> {
  const columns = gold.columns.map((c) => c.name);
  const groups = gold.groupBy.map((g) => `(${g.expression.duckdb}) AS ${ident(`_group_${g.name}`)}`);
  const measures = gold.measures.map((m) => `(${m.expression.duckdb}) AS ${ident(m.name)}`);
  const where = gold.where ? `WHERE (${gold.where.duckdb})` : '';
  const matches = gold.groupBy.map(
    (g) => `t.${ident(g.name)} IS NOT DISTINCT FROM s.${ident(`_group_${g.name}`)}`,
  );
  const named = gold.groupBy.map((g) => `${ident(`_group_${g.name}`)} AS ${ident(g.name)}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE fresh_rows AS
    SELECT ${[...named, ...measures].join(', ')}
    FROM (SELECT *, ${groups.join(', ')} FROM (${silverRows}) ${where}) s SEMI JOIN ${TOUCHED} t ON ${matches.join(' AND ')}
    GROUP BY ${gold.groupBy.map((g) => ident(`_group_${g.name}`)).join(', ')}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE stale_rows AS
    SELECT g.* FROM (${goldRows}) g SEMI JOIN ${TOUCHED} t ON ${sameGroup(gold, 't', 'g')}`);
  const equal = columns.map((c) => `n.${ident(c)} IS NOT DISTINCT FROM o.${ident(c)}`).join(' AND ');
  const empty = unknown.map((name) => `, NULL AS ${ident(name)}`).join('');
  await session.run(`CREATE OR REPLACE TEMP TABLE next_rows AS
    SELECT ${idents(columns, 'n.')}${empty} FROM fresh_rows n ANTI JOIN stale_rows o ON ${equal}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE old_rows AS
    SELECT o.* FROM stale_rows o ANTI JOIN fresh_rows n ON ${equal}`);
}

async function aggregateOnce(
  ports: IntegrationPorts,
  session: Session,
  gold: PlanGold,
): Promise<StepResult | undefined> {
  const { io } = ports;
  const step = `aggregate-${gold.name}`;
  const silver = ports.plan.silver.find((s) => s.name === gold.from)!;
  // Gold first: the Silver snapshot that is pinned next cannot be older than the one Gold is stamped with.
  const table = await existing(ports, goldTable(ports.plan, gold.name));
  const mark = await readMark(io.store, table);
  const source = await existing(ports, silverTable(ports.plan, gold.from));
  const pinned = currentSnapshot(source.metadata);
  const idle: StepResult = { step, outcome: 'idle', read: 0, changed: 0, more: false };
  if (!pinned || mark.inputs[gold.from]?.snapshotId === String(pinned['snapshot-id'])) return idle;

  const files = touchedFiles(gold, mark, source, await readMark(io.store, source));
  const live = await tableSql(io.store, await planScan(io, source, {}));
  const silverRows = `SELECT * FROM (${live}) WHERE ${visibleSql(silver)}`;
  const goldRows = await tableSql(io.store, await planScan(io, table, {}), { positions: true });
  await loadTouched(ports, session, gold, files, silverRows, goldRows);
  const unknown = unknownColumns(ports.plan, table.name, currentSchema(table.metadata));
  await recompute(session, gold, silverRows, goldRows, unknown);
  const delta = await planRowDelta(
    io,
    session,
    table,
    { old: 'old_rows', next: 'next_rows', fullBounds: [] },
    ports.scratch,
  );
  const stamped: Mark = {
    ...mark,
    inputs: {
      ...mark.inputs,
      [gold.from]: {
        snapshotId: String(pinned['snapshot-id']),
        sequenceNumber: String(pinned['sequence-number']),
      },
    },
  };
  const [counts] = await session.rows(
    `SELECT (SELECT count(*) FROM ${TOUCHED}) AS touched, (SELECT count(*) FROM next_rows) AS changed`,
  );
  const outcome = await commitWithMark(
    io,
    table,
    stamped,
    delta ?? {
      operation: 'append',
      addedData: [],
      addedDeletes: [],
      removedData: [],
      removedDeletes: [],
      summary: {},
    },
  );
  if (outcome.kind === 'conflict') return undefined;
  if (outcome.kind === 'unknown')
    throw new TidemarkError('unknown', `the outcome of computing ${tableKey(table.name)} is unknown`, {
      cause: outcome.cause,
    });
  return {
    step,
    outcome: 'committed',
    read: Number(counts?.touched),
    changed: Number(counts?.changed),
    more: false,
  };
}

/**
 * Recomputes the groups of a Gold table that Silver's changes touched, from one pinned Silver snapshot.
 * Groups that became empty are deleted. A conflict starts anew.
 */
export async function aggregateGold(ports: IntegrationPorts, name: string): Promise<StepResult> {
  const gold = ports.plan.gold.find((g) => g.name === name);
  if (!gold) throw new TidemarkError('notFound', `the plan has no Gold table "${name}"`);
  for (let attempt = 1; ; attempt++) {
    const session = await ports.engine.session();
    try {
      const result = await aggregateOnce(ports, session, gold);
      if (result) return result;
    } finally {
      await session.close();
    }
    await ports.io.clock.sleep(Math.min(2000, 20 * 2 ** attempt) * ports.io.random.next());
  }
}
