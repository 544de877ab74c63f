import { athenaType, type ColumnType, type PlanColumn } from '../definition/column.ts';
import type { Plan } from '../definition/plan.ts';
import { ident } from '../engine/sql-text.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { ViewCatalog, ViewDefinition } from '../ports/view-catalog.ts';
import { athenaViews, type AthenaView } from '../serve/athena-views.ts';

export interface DeployedView {
  name: TableName;
  change: 'created' | 'replaced' | 'unchanged' | 'dropped';
}

/** Hive's name of a type, as Glue's columns have it. */
export function hiveType(type: ColumnType): string {
  switch (type.kind) {
    case 'long':
      return 'bigint';
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'list':
      return `array<${hiveType(type.element)}>`;
    case 'map':
      return `map<${hiveType(type.key)},${hiveType(type.value)}>`;
    case 'struct':
      return `struct<${type.fields.map((f) => `${f.name}:${hiveType(f.type)}`).join(',')}>`;
    default:
      return type.kind;
  }
}

/** What a catalog keeps of a comment: one line of 255 characters. */
const comment = (doc: string): string => doc.replaceAll(/[\r\n\t]+/g, ' ').slice(0, 255);

const viewColumn = ({ name, type, doc }: PlanColumn): ViewDefinition['columns'][number] => ({
  name,
  type: athenaType(type),
  hiveType: hiveType(type),
  ...(doc === undefined ? {} : { comment: comment(doc) }),
});

/**
 * A view with the type of every column said in its SQL: engines compare what the text gives with what is declared, and
 * call the view stale when an expression gives another length or precision.
 */
export function viewDefinition({ columns, sql }: AthenaView): ViewDefinition {
  const cast = columns.map((c) => `CAST(${ident(c.name)} AS ${athenaType(c.type)}) AS ${ident(c.name)}`);
  return { sql: `SELECT ${cast.join(', ')}\nFROM (\n${sql}\n) AS v`, columns: columns.map(viewColumn) };
}

const same = (a: ViewDefinition | undefined, b: ViewDefinition): boolean =>
  a !== undefined && a.sql === b.sql && JSON.stringify(a.columns) === JSON.stringify(b.columns);

/**
 * Makes the plan's views what the plan says, those that others read first, and drops those of earlier plans: a view
 * holds no rows, and one that is left over would go on answering from a table that nobody fills. Views of others in the
 * same database are left alone. Idempotent; run it after `deployTables`.
 */
export async function deployViews(views: ViewCatalog, plan: Plan): Promise<DeployedView[]> {
  const done: DeployedView[] = [];
  for (const view of athenaViews(plan)) {
    const definition = viewDefinition(view);
    const before = await views.getView(view.name);
    if (same(before, definition)) {
      done.push({ name: view.name, change: 'unchanged' });
      continue;
    }
    await views.putView(view.name, definition);
    done.push({ name: view.name, change: before ? 'replaced' : 'created' });
  }
  const wanted = new Set(done.map((d) => tableKey(d.name)));
  for (const name of await views.listViews(plan.name)) {
    if (wanted.has(tableKey(name))) continue;
    await views.dropView(name);
    done.push({ name, change: 'dropped' });
  }
  return done;
}
