import type { PlanColumn } from './column.ts';

/**
 * One SQL text per engine; both give the same rows. An expression names columns without their table: evaluate it where
 * only the columns of its source are in scope. DuckDB's text calls macros of the engine's prelude (schema `athena`).
 */
export interface RuleSql {
  athena: string;
  duckdb: string;
}

export interface PlanStream {
  name: string;
  columns: PlanColumn[];
  eventTime: string;
  extras: 'keep' | 'quarantine' | 'ignore';
  shards: number;
  retentionHours: number;
}

export interface PlanReference {
  name: string;
  key: string[];
  columns: PlanColumn[];
  /** Relative to the definition's file. */
  source: string;
}

export interface PlanRealtime {
  name: string;
  stream: string;
  /** The stream's columns, the derived ones, then `_extra` where the stream keeps extras. Without the system columns. */
  columns: PlanColumn[];
  /** Names of the references that the rule reads. */
  references: string[];
  /** The column that orders rows of one key. */
  version: string;
  eventTime: string;
  /** The columns by which the hot store keeps the latest row; empty when it keeps none. */
  hotKey: string[];
  /**
   * `SELECT <columns>, <position columns> FROM batch …`: the whole rule over the table `batch`, which has the stream's
   * columns, `_extra`, and the position columns `_shard`, `_seq`, `_sub`, `_arrived_at`. References are tables
   * `ref_<name>`. Rows filtered out by the rule are absent.
   */
  rule: RuleSql;
}

/** Columns that one source sets together, under an order of their own. */
export interface PlanGroup {
  name: string;
  /** A real-time table. */
  from: string;
  /** Condition over the real-time row; absent means every row. */
  when?: RuleSql;
  columns: { name: string; expression: RuleSql }[];
  fact: boolean;
  deleteWhen?: RuleSql;
  /** Where the order of the row that set the group is kept: `_ord` in mode upsert, `_ord_<group>` in mode enrich. */
  ordColumn: string;
}

export interface PlanJoin {
  name: string;
  /** A Silver table. */
  from: string;
  on: { column: string; expression: RuleSql }[];
  columns: { name: string; expression: RuleSql }[];
}

export interface PlanSilver {
  name: string;
  mode: 'upsert' | 'append' | 'enrich';
  /** Empty in mode append. */
  key: string[];
  /** Key, group and join columns, in order. Without the system columns. */
  columns: PlanColumn[];
  /** One group in modes upsert and append. */
  groups: PlanGroup[];
  joins: PlanJoin[];
}

export interface PlanGold {
  name: string;
  /** A Silver table. */
  from: string;
  where?: RuleSql;
  groupBy: { name: string; expression: RuleSql }[];
  measures: { name: string; expression: RuleSql }[];
  /** Group columns, then measures. */
  columns: PlanColumn[];
}

export interface PlanAlert {
  name: string;
  from: string;
  when: RuleSql;
  notify: string;
}

/** Earlier names that no column of a stream carries. */
export interface PlanRenames {
  /** Silver tables: new name → earlier name. */
  silver: Record<string, string>;
  /** `layer.table` → new column name → earlier name. */
  columns: Record<string, Record<string, string>>;
}

/** The definition, checked and compiled: plain JSON that every runtime reads. Maps are arrays in order of dependency. */
export interface Plan {
  format: 1;
  name: string;
  streams: PlanStream[];
  references: PlanReference[];
  realtime: PlanRealtime[];
  silver: PlanSilver[];
  gold: PlanGold[];
  alerts: PlanAlert[];
  /** Absent where nothing is renamed. */
  renames?: PlanRenames;
}
