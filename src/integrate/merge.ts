import { commitWithMark } from '../commit/committer.ts';
import { advance, readMark, type Mark, type Positions } from '../commit/mark.ts';
import type { PlanJoin, PlanSilver } from '../definition/plan.ts';
import { realtimeTable, silverTable } from '../definition/tables.ts';
import type { Session } from '../engine/session.ts';
import { ident, idents } from '../engine/sql-text.ts';
import { unknownColumns } from '../engine/unknown-columns.ts';
import { tableSql } from '../engine/table-sql.ts';
import { visibleSql } from '../engine/visible.ts';
import { TidemarkError } from '../errors.ts';
import { currentSchema, planScan, type Table } from '../iceberg/index.ts';
import { tableKey } from '../ports/catalog.ts';
import { endsOf, loadRows, rangesBeyond, type Range } from './beyond.ts';
import { mergeAppend } from './append.ts';
import { existing, type IntegrationPorts, type StepResult } from './ports.ts';
import { planRowDelta } from './row-delta.ts';
import {
  CHANGED,
  changedSql,
  CURRENT,
  heldColumns,
  KEYS,
  keysSql,
  LOOKUP,
  NEXT,
  nextSql,
  REJOINED,
  SOURCE,
} from './silver-sql.ts';
import { groupColumns, recordTouched } from './touched.ts';

interface Progress {
  positions: Positions;
  read: number;
  more: boolean;
}

/** Where a join's own reading of a real-time table is noted, apart from the groups'. */
const joinSource = (join: PlanJoin, realtime: string): string => `${join.name}:${realtime}`;

/** What one of the groups' real-time tables has beyond this table's mark. */
interface GroupInput {
  source: string;
  table: Table;
  ranges: Range[];
}

async function groupInputs(ports: IntegrationPorts, silver: PlanSilver, mark: Mark): Promise<GroupInput[]> {
  const inputs: GroupInput[] = [];
  for (const source of new Set(silver.groups.map((g) => g.from))) {
    const table = await existing(ports, realtimeTable(ports.plan, source));
    inputs.push({ source, table, ranges: rangesBeyond(mark, source, await readMark(ports.io.store, table)) });
  }
  return inputs;
}

async function loadSources(
  ports: IntegrationPorts,
  session: Session,
  silver: PlanSilver,
  inputs: GroupInput[],
): Promise<Progress> {
  const progress: Progress = { positions: {}, read: 0, more: false };
  for (const { source, table, ranges } of inputs) {
    const loaded = await loadRows(ports.io, session, table, ranges, ports.maxRows, SOURCE(source));
    progress.positions[source] = endsOf(loaded.ranges);
    progress.read += loaded.rows;
    progress.more ||= loaded.more;
  }
  for (const group of silver.groups)
    await session.run(
      `CREATE OR REPLACE TEMP TABLE ${ident(CHANGED(group.name))} AS ${changedSql(silver, group)}`,
    );
  return progress;
}

/** What a join has not seen yet of the tables that made the one it looks up. */
interface JoinInput {
  join: PlanJoin;
  joined: PlanSilver;
  other: Table;
  /** Ranges of the joined table's own sources, by real-time table: their rows name the keys that changed. */
  own: Map<string, Range[]>;
  /** True when rows of the joined table may have changed through joins of its own, which name no keys here. */
  deep: boolean;
  moved: Positions;
}

async function joinInput(ports: IntegrationPorts, join: PlanJoin, mark: Mark): Promise<JoinInput> {
  const joined = ports.plan.silver.find((s) => s.name === join.from)!;
  const other = await existing(ports, silverTable(ports.plan, join.from));
  const otherMark = await readMark(ports.io.store, other);
  const input: JoinInput = { join, joined, other, own: new Map(), deep: false, moved: {} };
  for (const [source, positions] of Object.entries(otherMark.positions)) {
    const noted = joinSource(join, source);
    const ranges = rangesBeyond(mark, noted, { ...otherMark, positions: { [source]: positions } });
    if (ranges.length === 0) continue;
    input.moved[noted] = endsOf(ranges);
    if (joined.groups.some((g) => g.from === source)) input.own.set(source, ranges);
    else input.deep = true;
  }
  return input;
}

/** Loads what a join looks up, and the keys of this table whose looked-up row changed since this table last looked. */
async function loadJoin(
  ports: IntegrationPorts,
  session: Session,
  silver: PlanSilver,
  { join, joined, other, own, deep }: JoinInput,
  table: Table,
): Promise<void> {
  const live = await tableSql(ports.io.store, await planScan(ports.io, other, {}));
  const columns = join.columns.map((c) => `(${c.expression.duckdb}) AS ${ident(`_out_${c.name}`)}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE ${ident(LOOKUP(join.name))} AS
    SELECT ${idents(joined.key)}, ${columns.join(', ')} FROM (${live}) WHERE ${visibleSql(joined)}`);
  const mine = await tableSql(ports.io.store, await planScan(ports.io, table, {}));
  const placed = join.on.map((o) => `(${o.expression.duckdb}) AS ${ident(`_on_${o.column}`)}`);
  const held = join.columns.map((c) => ident(c.name));
  const rows = `(SELECT ${[idents(silver.key), ...placed, ...held].join(', ')} FROM (${mine})) t`;
  const on = join.on.map((o) => `t.${ident(`_on_${o.column}`)} = j.${ident(o.column)}`).join(' AND ');
  const keys = `SELECT ${idents(silver.key, 't.')} FROM ${rows}`;
  const changed: string[] = [];
  for (const [source, ranges] of own) {
    const name = `${SOURCE(source)}_${join.name}`;
    const realtime = await existing(ports, realtimeTable(ports.plan, source));
    await loadRows(ports.io, session, realtime, ranges, Number.MAX_SAFE_INTEGER, name);
    changed.push(`SELECT ${idents(joined.key)} FROM ${ident(name)}`);
  }
  const differs = join.columns.map((c) => `t.${ident(c.name)} IS DISTINCT FROM j.${ident(`_out_${c.name}`)}`);
  const parts = [
    ...(changed.length > 0 ? [`${keys} SEMI JOIN (${changed.join(' UNION ')}) j ON ${on}`] : []),
    // A change that came through the joined table's own joins keeps its key: what is held tells it.
    ...(deep
      ? [`${keys} SEMI JOIN ${ident(LOOKUP(join.name))} j ON ${on} AND (${differs.join(' OR ')})`]
      : []),
  ];
  await session.run(`CREATE OR REPLACE TEMP TABLE ${ident(REJOINED(join.name))} AS
    ${parts.length > 0 ? parts.join(' UNION ') : `${keys} LIMIT 0`}`);
}

async function mergeKeyed(
  ports: IntegrationPorts,
  session: Session,
  silver: PlanSilver,
): Promise<StepResult | undefined> {
  const { io } = ports;
  const table = await existing(ports, silverTable(ports.plan, silver.name));
  const mark = await readMark(io.store, table);
  const step = `merge-${silver.name}`;
  const sources = await groupInputs(ports, silver, mark);
  const inputs: JoinInput[] = [];
  for (const join of silver.joins) inputs.push(await joinInput(ports, join, mark));
  // Most runs find nothing: they end before anything is loaded.
  if (sources.every((s) => s.ranges.length === 0) && inputs.every((i) => Object.keys(i.moved).length === 0))
    return { step, outcome: 'idle', read: 0, changed: 0, more: false };

  const progress = await loadSources(ports, session, silver, sources);
  for (const input of inputs) {
    await loadJoin(ports, session, silver, input, table);
    Object.assign(progress.positions, input.moved);
  }
  const next = Object.entries(progress.positions).reduce((m, [source, to]) => advance(m, source, to), mark);
  const columns = currentSchema(table.metadata).fields.map((f) => f.name);
  await session.run(`CREATE OR REPLACE TEMP TABLE ${KEYS} AS ${keysSql(silver)}`);
  const held = heldColumns(silver, columns, groupColumns(ports, silver, columns));
  const live = await tableSql(io.store, await planScan(io, table, {}), { positions: true, columns: held });
  await session.run(`CREATE OR REPLACE TEMP TABLE ${CURRENT} AS
    SELECT s.* FROM (${live}) s SEMI JOIN ${KEYS} k USING (${idents(silver.key)})`);
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${NEXT} AS ${nextSql(silver, columns, held, unknownColumns(ports.plan, table.name, currentSchema(table.metadata)))}`,
  );
  await session.run(`CREATE OR REPLACE TEMP TABLE old_rows AS
    SELECT c.* FROM ${CURRENT} c SEMI JOIN ${NEXT} n USING (${idents(silver.key)})`);
  const delta = await planRowDelta(
    io,
    session,
    table,
    { old: 'old_rows', next: NEXT, fullBounds: [] },
    ports.scratch,
  );
  const touched = await recordTouched(ports, session, silver, table, next, 'old_rows', NEXT);
  const [count] = await session.rows(`SELECT count(*) AS n FROM ${NEXT}`);
  const change = delta ?? {
    operation: 'append' as const,
    addedData: [],
    addedDeletes: [],
    removedData: [],
    removedDeletes: [],
    summary: {},
  };
  const outcome = await commitWithMark(io, table, touched, change);
  if (outcome.kind === 'conflict') return undefined;
  if (outcome.kind === 'unknown')
    throw new TidemarkError('unknown', `the outcome of a merge into ${tableKey(table.name)} is unknown`, {
      context: { table: tableKey(table.name) },
      cause: outcome.cause,
    });
  return {
    step,
    outcome: 'committed',
    read: progress.read,
    changed: Number(count?.n ?? 0),
    more: progress.more,
  };
}

/**
 * Brings a Silver table up to its real-time tables. Rows and mark move in one commit; a conflict starts anew.
 * @throws kind `unknown` when the commit's outcome could not be found out: nothing was deleted, run it again
 */
export async function mergeSilver(ports: IntegrationPorts, name: string): Promise<StepResult> {
  const silver = ports.plan.silver.find((s) => s.name === name);
  if (!silver) throw new TidemarkError('notFound', `the plan has no Silver table "${name}"`);
  const merge = silver.mode === 'append' ? mergeAppend : mergeKeyed;
  for (let attempt = 1; ; attempt++) {
    const session = await ports.engine.session();
    try {
      const result = await merge(ports, session, silver);
      if (result) return result;
    } finally {
      await session.close();
    }
    await ports.io.clock.sleep(Math.min(2000, 20 * 2 ** attempt) * ports.io.random.next());
  }
}
