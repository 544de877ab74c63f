import type { PlanColumn } from '../definition/column.ts';
import { nearest } from '../definition/nearest.ts';
import type { Plan, PlanGold, PlanSilver } from '../definition/plan.ts';
import { tablesOf, type TableSpec } from '../definition/tables.ts';
import { TidemarkError } from '../errors.ts';
import { tableKey } from '../ports/catalog.ts';
import { METADATA_TABLES, type MetadataTable } from './metadata-table.ts';

/** A view in the database that has the lakehouse's name. */
export interface ViewSpec {
  name: string;
  columns: PlanColumn[];
  of: { silver: PlanSilver } | { gold: PlanGold };
}

/** What a name in a query stands for. */
export type Target =
  | { kind: 'view'; view: ViewSpec }
  | { kind: 'table'; table: TableSpec }
  | { kind: 'metadata'; table: TableSpec; which: MetadataTable };

/** Every view: the unified view of each Silver table, and each Gold table whose name no Silver table has. */
export function viewsOf(plan: Plan): ViewSpec[] {
  const silver = plan.silver.map((t): ViewSpec => ({ name: t.name, columns: t.columns, of: { silver: t } }));
  const taken = new Set(silver.map((v) => v.name));
  const gold = plan.gold.filter((t) => !taken.has(t.name));
  return [...silver, ...gold.map((t): ViewSpec => ({ name: t.name, columns: t.columns, of: { gold: t } }))];
}

/** The name Athena gives its own catalog; a query may say it. */
const CATALOG = 'awsdatacatalog';

/** Finds what names in queries stand for. A name without a database is a view. */
export class LakehouseNames {
  readonly views: readonly ViewSpec[];
  readonly tables: readonly TableSpec[];
  readonly #database: string;

  constructor(plan: Plan) {
    this.#database = plan.name;
    this.views = viewsOf(plan);
    this.tables = tablesOf(plan);
  }

  /** Databases, the one with the views first. */
  databases(): string[] {
    return [this.#database, ...new Set(this.tables.map((t) => t.name.database))];
  }

  /** Names in one database, as queries write them there. @default the database of the views */
  in(database = ''): string[] {
    const wanted = (database === '' ? this.#database : database).toLowerCase();
    if (wanted === this.#database.toLowerCase()) return this.views.map((v) => v.name);
    const found = this.tables.filter((t) => t.name.database.toLowerCase() === wanted);
    if (found.length === 0)
      throw new TidemarkError('notFound', `there is no database "${database}"`, {
        remedy: `name ${nearest(database, this.databases())}`,
      });
    return found.map((t) => t.name.table);
  }

  /** @throws kind `notFound` that says what there is */
  find(name: { catalog: string; schema: string; table: string }): Target {
    if (name.catalog !== '' && name.catalog.toLowerCase() !== CATALOG)
      throw new TidemarkError('notFound', `there is no catalog "${name.catalog}"`, {
        remedy: 'name the table as database.table',
      });
    const [base = '', suffix] = name.table.toLowerCase().split('$');
    const names = this.in(name.schema);
    const found = names.find((n) => n.toLowerCase() === base);
    if (found === undefined) throw this.#unknown(name.schema, name.table, names);
    const view = this.views.find((v) => v.name === found);
    const isView = name.schema === '' || name.schema.toLowerCase() === this.#database.toLowerCase();
    if (isView && suffix === undefined) return { kind: 'view', view: view! };
    if (isView)
      throw new TidemarkError('notFound', `the view ${found} has no $${suffix}; tables have`, {
        remedy: `name the table: ${this.tables
          .filter((t) => t.name.table === found)
          .map((t) => `"${t.name.database}"."${found}$${suffix}"`)
          .join(' or ')}`,
      });
    const table = this.tables.find(
      (t) => t.name.table === found && t.name.database.toLowerCase() === name.schema.toLowerCase(),
    )!;
    if (suffix === undefined) return { kind: 'table', table };
    const which = METADATA_TABLES.find((m) => m === suffix);
    if (which) return { kind: 'metadata', table, which };
    throw new TidemarkError('notFound', `tables have no $${suffix}`, {
      remedy: `name one of ${METADATA_TABLES.map((m) => `"${found}$${m}"`).join(', ')}`,
    });
  }

  #unknown(schema: string, table: string, names: readonly string[]): TidemarkError {
    const elsewhere = [
      ...this.views.map((v) => ({ name: v.name, full: v.name })),
      ...this.tables.map((t) => ({ name: t.name.table, full: tableKey(t.name) })),
    ].filter((t) => t.name.toLowerCase() === table.toLowerCase());
    const shown = schema === '' ? `"${table}"` : `"${schema}.${table}"`;
    const remedy =
      elsewhere.length > 0
        ? `name ${elsewhere.map((t) => t.full).join(' or ')}`
        : `name ${nearest(table, names)}, or a table of another layer: SHOW TABLES IN ${this.databases().slice(1).join(', ')}`;
    return new TidemarkError('notFound', `there is no table ${shown}`, {
      context: { schema, table },
      remedy,
    });
  }
}
