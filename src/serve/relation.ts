import type { Plan, PlanSilver } from '../definition/plan.ts';
import { goldTable, realtimeTable, silverTable, type TableSpec } from '../definition/tables.ts';
import { tableSql } from '../engine/table-sql.ts';
import { TidemarkError } from '../errors.ts';
import {
  currentSchema,
  decodeValue,
  type Predicate,
  type ScanFile,
  type Schema,
  type TableIo,
} from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import { beyondPredicate, beyondSql, type Cut } from './cut.ts';
import type { Target, ViewSpec } from './lakehouse-names.ts';
import { metadataTableSql } from './metadata-table.ts';
import { pinKey, type Pinned, type Version, type Wanted } from './pins.ts';
import { filePredicate, matchingFiles, type Condition } from './row-filter.ts';
import { goldViewSql, groupExpressions, isPlainColumn, unifiedViewSql } from './unified-view.ts';

/** What one name of a query reads: in which version, and with which conditions on its rows. */
export interface Relation {
  target: Target;
  /** Of the table that is named; views read the versions that `versionOf` chooses for theirs. */
  version: Version;
  conditions: readonly Condition[];
}

/** Chooses the version of a table that is not named with one. */
export type VersionOf = (name: TableName) => Version;

function baseTables(plan: Plan, view: ViewSpec): TableName[] {
  if ('gold' in view.of) return [goldTable(plan, view.of.gold.name)];
  return unifiedTables(plan, view.of.silver);
}

function unifiedTables(plan: Plan, silver: PlanSilver): TableName[] {
  const joined = silver.joins.map((j) => plan.silver.find((s) => s.name === j.from)!);
  return [
    silverTable(plan, silver.name),
    ...silver.groups.map((g) => realtimeTable(plan, g.from)),
    ...joined.flatMap((s) => unifiedTables(plan, s)),
  ];
}

/** Turns what a query names into SELECTs over the files of pinned tables. */
export class RelationSql {
  readonly #plan: Plan;
  readonly #io: TableIo;
  readonly #tables: ReadonlyMap<string, TableSpec>;
  readonly #versionOf: VersionOf;
  #pins: ReadonlyMap<string, Pinned> = new Map();

  constructor(plan: Plan, io: TableIo, tables: readonly TableSpec[], versionOf: VersionOf) {
    this.#plan = plan;
    this.#io = io;
    this.#tables = new Map(tables.map((t) => [tableKey(t.name), t]));
    this.#versionOf = versionOf;
  }

  /** The tables that must be pinned for a relation. */
  wanted({ target, version }: Relation): Wanted[] {
    if (target.kind !== 'view') return [{ spec: target.table, version }];
    return baseTables(this.#plan, target.view).map((name) => this.#want(name));
  }

  use(pins: ReadonlyMap<string, Pinned>): void {
    this.#pins = pins;
  }

  /** The SELECT. Conditions leave out files that cannot hold a matching row, and never a row. */
  async of({ target, version, conditions }: Relation): Promise<string> {
    if (target.kind === 'view') return this.#view(target.view, conditions);
    const pinned = this.#pinned({ spec: target.table, version });
    if (target.kind === 'metadata') return metadataTableSql(this.#io, pinned, target.which);
    const { schema, files } = pinned.scan;
    return this.#files(schema, matchingFiles(schema, files, filePredicate(schema, conditions)));
  }

  #want(name: TableName): Wanted {
    return { spec: this.#tables.get(tableKey(name))!, version: this.#versionOf(name) };
  }

  #pinned(wanted: Wanted): Pinned {
    const pinned = this.#pins.get(pinKey(wanted));
    if (!pinned) throw new TidemarkError('internal', `${pinKey(wanted)} is read and not pinned`);
    return pinned;
  }

  #files(schema: Schema, files: readonly ScanFile[]): Promise<string> {
    return tableSql(this.#io.store, { schema }, { files });
  }

  /** Rows of a table as a view reads them: in today's schema, whatever the snapshot had. */
  async #rows(
    name: TableName,
    where: (schema: Schema) => Predicate,
  ): Promise<{ sql: string; files: ScanFile[]; schema: Schema }> {
    const { table, scan } = this.#pinned(this.#want(name));
    const schema = currentSchema(table.metadata);
    const files = matchingFiles(schema, scan.files, where(schema));
    return { sql: `(${await this.#files(schema, files)})`, files, schema };
  }

  async #view(view: ViewSpec, conditions: readonly Condition[]): Promise<string> {
    const own = conditions.filter((c) =>
      view.columns.some((column) => column.name.toLowerCase() === c.column),
    );
    if ('silver' in view.of) return this.#unified(view.of.silver, own);
    const { gold } = view.of;
    const rows = await this.#rows(goldTable(this.#plan, gold.name), (schema) => filePredicate(schema, own));
    return goldViewSql(gold, rows.sql);
  }

  async #unified(silver: PlanSilver, conditions: readonly Condition[]): Promise<string> {
    const plan = this.#plan;
    const name = silverTable(plan, silver.name);
    const cuts = this.#pinned(this.#want(name)).mark?.positions ?? {};
    const joined = new Set(silver.joins.flatMap((j) => j.columns.map((c) => c.name)));
    const stored = conditions.filter((c) => !joined.has(c.column));
    const shown = await this.#rows(name, (schema) => filePredicate(schema, stored));
    const realtime = new Map<string, { sql: string; files: ScanFile[]; schema: Schema }>();
    for (const source of new Set(silver.groups.map((g) => g.from))) {
      const cut: Cut = cuts[source] ?? {};
      const where = (schema: Schema): Predicate => ({
        and: [beyondPredicate(cut), filePredicate(schema, this.#sourceConditions(silver, source, stored))],
      });
      realtime.set(source, await this.#rows(realtimeTable(plan, source), where));
    }
    const fresh = realtime.get(silver.groups[0]!.from)!;
    const lookup = await this.#rows(name, (schema) =>
      silver.mode === 'append'
        ? arrivedSince(fresh)
        : filePredicate(
            schema,
            stored.filter((c) => silver.key.includes(c.column)),
          ),
    );
    const views = new Map<string, string>();
    for (const join of silver.joins) {
      const other = plan.silver.find((s) => s.name === join.from)!;
      views.set(join.from, `(${await this.#unified(other, [])})`);
    }
    return unifiedViewSql(plan, silver, 'duckdb', {
      silver: () => shown.sql,
      silverLookup: () => lookup.sql,
      realtime: (source) => realtime.get(source)!.sql,
      view: (other) => views.get(other)!,
      beyond: (source) => beyondSql(cuts[source] ?? {}),
    });
  }

  /**
   * Conditions that may leave out real-time files. Of a keyed table only those on the key: a newer row that does not
   * match must still hide the older one that does.
   */
  #sourceConditions(silver: PlanSilver, source: string, conditions: readonly Condition[]): Condition[] {
    const groups = silver.groups.filter((g) => g.from === source);
    return conditions.filter(({ column }) =>
      groups.every((group) => {
        const found = groupExpressions(silver, group).find((e) => e.name === column);
        const usable = silver.mode === 'append' || silver.key.includes(column);
        return usable && found && isPlainColumn(this.#plan, silver, source, column, found.expression.duckdb);
      }),
    );
  }
}

/** What Silver may hold of these real-time files came when they did, or later. */
function arrivedSince({ files, schema }: { files: readonly ScanFile[]; schema: Schema }): Predicate {
  const field = schema.fields.find((f) => f.name === '_arrived_at');
  const bounds = files.map((f) => field && f.file.lowerBounds?.get(field.id));
  if (bounds.some((b) => b === undefined)) return { and: [] };
  const oldest = bounds
    .map((b) => decodeValue('timestamp', b!) as bigint)
    .sort((a, b) => (a < b ? -1 : 1))[0];
  return oldest === undefined ? { or: [] } : { column: '_arrived_at', op: '>=', value: oldest };
}
