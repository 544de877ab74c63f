import type { Plan, PlanGroup, PlanSilver } from '../../../src/definition/plan.ts';
import { realtimeTable, silverTable, tablesOf } from '../../../src/definition/tables.ts';
import { duckdbType } from '../../../src/engine/iceberg-schema.ts';
import type { Session } from '../../../src/engine/session.ts';
import { ident, idents, literal } from '../../../src/engine/sql-text.ts';
import { visibleSql } from '../../../src/engine/visible.ts';
import {
  CHANGED,
  changedSql,
  CURRENT,
  KEYS,
  keysSql,
  LOOKUP,
  NEXT,
  nextSql,
  REJOINED,
  SOURCE,
} from '../../../src/integrate/silver-sql.ts';
import { tableKey, type TableName } from '../../../src/ports/catalog.ts';
import { beyondSql, type Cut } from '../../../src/serve/cut.ts';
import { unifiedViewSql, type Dialect } from '../../../src/serve/unified-view.ts';

/** A record in a real-time table: its place in the stream, its version, and its columns. */
export interface Event {
  table: string;
  shard: string;
  seq: number;
  version: number;
  columns: Record<string, string | number | null>;
}

export const seqText = (seq: number): string => String(seq).padStart(56, '0');
export const ordOf = (e: Event): string =>
  `${String(e.version).padStart(4, '0')}/${e.shard}/${seqText(e.seq)}/0000000`;

const ref = (name: TableName): string => ident(tableKey(name));
const specOf = (plan: Plan, name: TableName) =>
  tablesOf(plan).find((t) => tableKey(t.name) === tableKey(name))!;

/** A lakehouse whose tables are tables of a DuckDB session: the merge's SQL and the view's SQL without files. */
export class MergeModel {
  readonly plan: Plan;
  readonly session: Session;
  /** Positions up to which a Silver table holds a real-time table. */
  readonly cuts: Record<string, Record<string, Record<string, number>>> = {};

  constructor(plan: Plan, session: Session) {
    this.plan = plan;
    this.session = session;
  }

  async reset(events: readonly Event[]): Promise<void> {
    for (const spec of tablesOf(this.plan)) {
      const columns = spec.columns.map((c) => `${ident(c.name)} ${duckdbType(c.type)}`).join(', ');
      await this.session.run(`CREATE OR REPLACE TEMP TABLE ${ref(spec.name)} (${columns})`);
    }
    for (const { name, columns } of this.plan.realtime) {
      const rows = events.filter((e) => e.table === name);
      if (rows.length === 0) continue;
      const values = rows.map((e) => {
        const cells = columns.map((c) => {
          const v =
            c.name === 'version'
              ? `2024-01-01 00:00:${String(e.version).padStart(2, '0')}`
              : e.columns[c.name];
          return v === null || v === undefined ? 'NULL' : literal(String(v));
        });
        const arrived = `TIMESTAMP '2024-01-01' + INTERVAL ${e.seq} SECOND`;
        return `(${[...cells, literal(e.shard), literal(seqText(e.seq)), '0', arrived, literal(ordOf(e))].join(', ')})`;
      });
      await this.session.run(
        `INSERT INTO ${ref(realtimeTable(this.plan, name))} VALUES ${values.join(', ')}`,
      );
    }
    for (const silver of this.plan.silver) this.cuts[silver.name] = {};
  }

  /** Moves a Silver table's cut of a shard, and merges the rows on the way. */
  async merge(silverName: string, cut: Record<string, number>): Promise<void> {
    const silver = this.plan.silver.find((s) => s.name === silverName)!;
    const cuts = this.cuts[silverName]!;
    for (const source of new Set(silver.groups.map((g) => g.from))) {
      const old = cuts[source] ?? {};
      const ranges = Object.entries(cut).map(
        ([shard, to]) =>
          `(_shard = '${shard}' AND _seq > '${seqText(old[shard] ?? 0)}' AND _seq <= '${seqText(to)}')`,
      );
      await this.session.run(`CREATE OR REPLACE TEMP TABLE ${ident(SOURCE(source))} AS
        SELECT * FROM ${ref(realtimeTable(this.plan, source))} WHERE ${ranges.join(' OR ')}`);
      cuts[source] = Object.fromEntries(
        Object.entries({ ...old, ...cut }).map(([s, to]) => [s, Math.max(to, old[s] ?? 0)]),
      );
    }
    if (silver.mode === 'append') await this.#append(silver);
    else await this.#upsert(silver);
  }

  async #append(silver: PlanSilver): Promise<void> {
    const group = silver.groups[0]!;
    const table = silverTable(this.plan, silver.name);
    const chosen = new Map(group.columns.map((c) => [c.name, c.expression.duckdb]));
    const columns = specOf(this.plan, table).columns.map((c) => `(${chosen.get(c.name) ?? ident(c.name)})`);
    const where = group.when ? `WHERE (${group.when.duckdb})` : '';
    await this.session.run(
      `INSERT INTO ${ref(table)} SELECT ${columns.join(', ')} FROM ${ident(SOURCE(group.from))} ${where}`,
    );
  }

  async #upsert(silver: PlanSilver): Promise<void> {
    const { session, plan } = this;
    const table = silverTable(plan, silver.name);
    const make = (name: string, sql: string): Promise<void> =>
      session.run(`CREATE OR REPLACE TEMP TABLE ${ident(name)} AS ${sql}`);
    for (const group of silver.groups) await make(CHANGED(group.name), changedSql(silver, group));
    for (const join of silver.joins) {
      const other = plan.silver.find((s) => s.name === join.from)!;
      const found = join.columns.map((c) => `(${c.expression.duckdb}) AS ${ident(`_out_${c.name}`)}`);
      await make(
        LOOKUP(join.name),
        `SELECT ${idents(other.key)}, ${found.join(', ')} FROM ${ref(silverTable(plan, join.from))} WHERE ${visibleSql(other)}`,
      );
      // Every key is looked at again: a superset of those whose joined row changed.
      await make(REJOINED(join.name), `SELECT ${idents(silver.key)} FROM ${ref(table)}`);
    }
    await make(KEYS, keysSql(silver));
    await make(CURRENT, `SELECT s.* FROM ${ref(table)} s SEMI JOIN ${KEYS} k USING (${idents(silver.key)})`);
    const columns = specOf(plan, table).columns.map((c) => c.name);
    await make(NEXT, nextSql(silver, columns));
    const same = silver.key.map((k) => `n.${ident(k)} = t.${ident(k)}`).join(' AND ');
    await session.run(`DELETE FROM ${ref(table)} t WHERE EXISTS (SELECT 1 FROM ${NEXT} n WHERE ${same})`);
    await session.run(`INSERT INTO ${ref(table)} SELECT ${idents(columns)} FROM ${NEXT}`);
  }

  /** Removes real-time rows that every Silver table has. */
  async trim(source: string, to: Record<string, number>): Promise<void> {
    for (const [shard, seq] of Object.entries(to)) {
      const held = this.plan.silver
        .filter((s) => s.groups.some((g: PlanGroup) => g.from === source))
        .map((s) => this.cuts[s.name]![source]?.[shard] ?? 0);
      const floor = Math.min(seq, ...held);
      await this.session.run(
        `DELETE FROM ${ref(realtimeTable(this.plan, source))} WHERE _shard = '${shard}' AND _seq <= '${seqText(floor)}'`,
      );
    }
  }

  /** The view's text with a hint: a share of the true cut, or none. */
  viewSql(silverName: string, share: number | undefined, dialect: Dialect = 'duckdb'): string {
    const silver = this.plan.silver.find((s) => s.name === silverName)!;
    const cutOf = (source: string): Cut =>
      Object.fromEntries(
        Object.entries(this.cuts[silverName]![source] ?? {}).map(([shard, to]) => [
          shard,
          seqText(Math.floor(to * share!)),
        ]),
      );
    return unifiedViewSql(this.plan, silver, dialect, {
      realtime: (name) => ref(realtimeTable(this.plan, name)),
      silver: (name) => ref(silverTable(this.plan, name)),
      view: (name) => `(${this.viewSql(name, share, dialect)})`,
      beyond: (source) => (share === undefined ? undefined : beyondSql(cutOf(source))),
    });
  }
}
