export { column, athenaType } from './column.ts';
export type { Column, ColumnOptions, ColumnRules, ColumnType, PlanColumn } from './column.ts';
export { defineLakehouse, sql } from './definition.ts';
export type {
  AlertDefinition,
  AppendDefinition,
  ColumnChoice,
  EnrichDefinition,
  GoldDefinition,
  GroupDefinition,
  JoinDefinition,
  Lakehouse,
  LakehouseDefinition,
  LookupDefinition,
  RealtimeDefinition,
  ReferenceDefinition,
  SilverDefinition,
  Sql,
  StreamDefinition,
  UpsertDefinition,
} from './definition.ts';
export type * from './plan.ts';
