import type { PlanColumn } from '../definition/column.ts';
import type { Plan } from '../definition/plan.ts';
import { goldTable, realtimeTable, silverTable } from '../definition/tables.ts';
import { ident } from '../engine/sql-text.ts';
import type { TableName } from '../ports/catalog.ts';
import { viewsOf } from './lakehouse-names.ts';
import { goldViewSql, unifiedViewSql } from './unified-view.ts';

/** A view to be made in Athena. */
export interface AthenaView {
  name: TableName;
  columns: PlanColumn[];
  /** Its SELECT, without a hint of the cut: marks do not fit in view text, and the view is right without. */
  sql: string;
}

const reference = ({ database, table }: TableName): string => `${ident(database)}.${ident(table)}`;

/** Every view of a lakehouse in Athena's SQL, those that others read first. */
export function athenaViews(plan: Plan): AthenaView[] {
  return viewsOf(plan).map((view) => ({
    name: { database: plan.name, table: view.name },
    columns: view.columns,
    sql:
      'gold' in view.of
        ? goldViewSql(view.of.gold, reference(goldTable(plan, view.of.gold.name)))
        : unifiedViewSql(plan, view.of.silver, 'athena', {
            realtime: (name) => reference(realtimeTable(plan, name)),
            silver: (name) => reference(silverTable(plan, name)),
            view: (name) => reference({ database: plan.name, table: name }),
          }),
  }));
}
