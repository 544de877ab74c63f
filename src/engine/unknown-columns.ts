import type { Plan } from '../definition/plan.ts';
import { tablesOf } from '../definition/tables.ts';
import { TidemarkError } from '../errors.ts';
import type { Schema } from '../iceberg/schema.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';

/**
 * Columns that a table has and the plan does not know: a newer plan added them before this one came back, or somebody
 * else did. Writers leave them as they are.
 * Throws `unavailable` when the plan knows a column that the table lacks: a newer plan renamed or dropped it, and
 * values written by this one would be lost. The work waits for the plan that is deployed.
 */
export function unknownColumns(plan: Plan, name: TableName, schema: Schema): string[] {
  const known = new Set(
    tablesOf(plan)
      .find((t) => tableKey(t.name) === tableKey(name))
      ?.columns.map((c) => c.name),
  );
  const names = schema.fields.map((f) => f.name);
  const missing = [...known].filter((column) => !names.includes(column));
  if (missing.length > 0)
    throw new TidemarkError(
      'unavailable',
      `${tableKey(name)} has no column ${missing.join(', ')}: another plan is deployed`,
      {
        context: { table: tableKey(name), missing },
        remedy: 'let the processors and merges of the deployed plan go on, or deploy this one',
      },
    );
  return names.filter((column) => !known.has(column));
}
