import type { PlanColumn } from '../definition/column.ts';
import type { Plan } from '../definition/plan.ts';
import { POSITION_COLUMNS } from '../definition/tables.ts';
import { TidemarkError } from '../errors.ts';
import { BATCH, batchColumns } from './compile-realtime.ts';
import { referenceTable } from './references.ts';
import type { Session } from './session.ts';
import { ident } from './sql-text.ts';
import { duckdbType } from './iceberg-schema.ts';

async function createTable(session: Session, name: string, columns: readonly PlanColumn[]): Promise<void> {
  const list = columns.map((c) => `${ident(c.name)} ${duckdbType(c.type)}`);
  await session.run(`CREATE OR REPLACE TEMP TABLE ${ident(name)} (${list.join(', ')})`);
}

/** Binds a query and compares its columns with those the plan promises. */
async function expectColumns(
  session: Session,
  path: string,
  query: string,
  columns: readonly PlanColumn[],
): Promise<void> {
  const found = (await session.columns(query)).map((c) => `${c.name} ${c.type.replaceAll('"', '')}`);
  const promised = columns.map((c) => `${c.name} ${duckdbType(c.type).replaceAll('"', '')}`);
  if (found.join() === promised.join()) return;
  throw new TidemarkError('internal', `${path}: the rule gives other columns than the plan promises`, {
    context: { path, found, promised },
  });
}

const asColumns = (parts: { name: string; expression: { duckdb: string } }[]): string =>
  parts.map((p) => `${p.expression.duckdb} AS ${ident(p.name)}`).join(', ');

/**
 * The second gate: binds every compiled text in DuckDB over empty tables of the plan's types.
 * @throws TidemarkError kind `internal` when a text that passed the check does not bind, or has another type
 */
export async function verifyPlan(session: Session, plan: Plan): Promise<void> {
  for (const reference of plan.references) {
    await createTable(session, referenceTable(reference.name), reference.columns);
  }
  for (const table of plan.realtime) {
    const stream = plan.streams.find((s) => s.name === table.stream)!;
    await createTable(session, BATCH, [...batchColumns(stream), ...POSITION_COLUMNS]);
    const columns = [...table.columns, ...POSITION_COLUMNS];
    await expectColumns(session, `realtime.${table.name}`, table.rule.duckdb, columns);
  }
  const pick = (columns: readonly PlanColumn[], parts: { name: string }[]): PlanColumn[] =>
    parts.map((p) => columns.find((c) => c.name === p.name)!);
  for (const table of plan.silver) {
    for (const group of table.groups) {
      if (group.columns.length === 0) continue;
      const path = `silver.${table.name}.${group.name}`;
      await createTable(session, 'source', plan.realtime.find((t) => t.name === group.from)!.columns);
      const conditions = [group.when, group.deleteWhen].flatMap((c) => (c ? [c.duckdb] : []));
      const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
      const query = `SELECT ${asColumns(group.columns)} FROM source${where}`;
      await expectColumns(session, path, query, pick(table.columns, group.columns));
    }
    for (const join of table.joins) {
      const path = `silver.${table.name}.joins.${join.name}`;
      const from = plan.silver.find((s) => s.name === join.from)!;
      await createTable(session, 'source', from.columns);
      await expectColumns(
        session,
        path,
        `SELECT ${asColumns(join.columns)} FROM source`,
        pick(table.columns, join.columns),
      );
      await createTable(session, 'source', table.columns);
      const on = join.on.map((o) => `${o.expression.duckdb} AS ${ident(o.column)}`).join(', ');
      await session.columns(`SELECT ${on} FROM source`);
    }
  }
  for (const table of plan.gold) {
    await createTable(session, 'source', plan.silver.find((s) => s.name === table.from)!.columns);
    const where = table.where ? ` WHERE ${table.where.duckdb}` : '';
    const groups = table.groupBy.map((g) => g.expression.duckdb).join(', ');
    const query = `SELECT ${asColumns([...table.groupBy, ...table.measures])} FROM source${where} GROUP BY ${groups}`;
    await expectColumns(session, `gold.${table.name}`, query, table.columns);
  }
  for (const alert of plan.alerts) {
    await createTable(session, 'source', plan.realtime.find((t) => t.name === alert.from)!.columns);
    await session.columns(`SELECT 1 AS fired FROM source WHERE ${alert.when.duckdb}`);
  }
}
