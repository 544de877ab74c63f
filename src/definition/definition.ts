import type { Column } from './column.ts';

/** SQL text in the documented subset of Athena SQL. Made by the tag `sql`. */
export interface Sql {
  readonly sql: string;
}

/**
 * Marks SQL text in a definition.
 * @example where: sql`event <> 'scheduled' OR carrier IS NOT NULL`
 */
export function sql(text: TemplateStringsArray, ...values: (string | number)[]): Sql {
  return { sql: String.raw({ raw: text.raw }, ...values).trim() };
}

/** What producers put, and the contract each record must keep. */
export interface StreamDefinition {
  columns: Record<string, Column>;
  /** The timestamp column that says when the event truly happened. */
  eventTime: string;
  /**
   * What happens to JSON fields that no column names: `keep` stores them as JSON text in the column `_extra`,
   * `quarantine` refuses the record, `ignore` leaves them out.
   * @default 'keep'
   */
  extras?: 'keep' | 'quarantine' | 'ignore';
  /** @default 1 */
  shards?: number;
  /** @default 24 */
  retentionHours?: number;
}

/** A small table kept in memory by the processor and joined by key. */
export interface ReferenceDefinition {
  key: string | string[];
  columns: Record<string, Column>;
  /** A CSV, NDJSON or Parquet file, relative to the definition's file. */
  source: string;
}

/** A reference under a name of its own, joined on `reference column: expression over the stream`. */
export interface LookupDefinition {
  /** @default the lookup's own name */
  reference?: string;
  on: Record<string, Sql | string>;
}

/** A table of the stream's records within seconds: filtered, enriched, in order of arrival. */
export interface RealtimeDefinition {
  /** A stream. */
  from: string;
  /** Rows for which this is not true are filtered (and counted). */
  where?: Sql;
  lookups?: Record<string, LookupDefinition>;
  /** Derived columns, beside all columns of the stream. */
  select?: Record<string, Sql>;
  /**
   * The column that says which of two rows of one key is newer.
   * @default the stream's event time
   */
  version?: string;
  /**
   * Key columns by which the hot store keeps the latest row, for reads within milliseconds.
   * @default none: the hot store keeps nothing of this table
   */
  hotKey?: string[];
  /**
   * Earlier names of columns that no stream declares, as `new name: earlier name`: deployed tables rename theirs and
   * keep the values. Columns that are taken from a stream as they are follow its `renamedFrom`.
   */
  renamedColumns?: Record<string, string>;
}

/** Columns by name as they are, or as expressions over the source. */
export type ColumnChoice = string[] | Record<string, Sql | string>;

/** How a Silver table that was deployed under other names keeps its rows. */
export interface SilverNames {
  /**
   * The table's earlier name: the deployed table goes on under the new one, with all its rows. Real-time tables and Gold
   * have no such setting: the ones are a short tail, the others are computed anew.
   */
  renamedFrom?: string;
  /**
   * Earlier names of columns that no stream declares, as `new name: earlier name`: deployed tables rename theirs and
   * keep the values. Columns that are taken from a stream as they are follow its `renamedFrom`.
   */
  renamedColumns?: Record<string, string>;
}

/** All columns of a source row; the newest row of a key wins. */
export interface UpsertDefinition extends SilverNames {
  mode: 'upsert';
  /** A real-time table. */
  from: string;
  key: string[];
  where?: Sql;
  /** @default all columns of the source */
  columns?: ColumnChoice;
  /** A row for which this is true marks its key as deleted. */
  deleteWhen?: Sql;
}

/** Every row of the source, once. */
export interface AppendDefinition extends SilverNames {
  mode: 'append';
  from: string;
  where?: Sql;
  columns?: ColumnChoice;
}

/** Some columns of a fact, set by one kind of event; each group keeps an order of its own. */
export interface GroupDefinition {
  /** A real-time table. */
  from: string;
  when?: Sql;
  columns: ColumnChoice;
  /**
   * The group that makes the row exist. Rows that have only other groups are hidden until it comes.
   * Exactly one group has it.
   */
  fact?: boolean;
  /** Only with `fact`: a row for which this is true marks its key as deleted. */
  deleteWhen?: Sql;
}

/** Columns looked up in another Silver table, also when that row comes late. */
export interface JoinDefinition {
  /** A Silver table in mode upsert or enrich. */
  from: string;
  /** `their key column: expression over this table's columns`; all key columns of `from`. */
  on: Record<string, Sql | string>;
  columns: ColumnChoice;
}

/** One row per key, whose columns come from several kinds of event. */
export interface EnrichDefinition extends SilverNames {
  mode: 'enrich';
  key: string[];
  groups: Record<string, GroupDefinition>;
  joins?: Record<string, JoinDefinition>;
}

export type SilverDefinition = UpsertDefinition | AppendDefinition | EnrichDefinition;

/** Measures per group of a Silver table, recomputed for the groups that a change touched. */
export interface GoldDefinition {
  /** A Silver table. */
  from: string;
  where?: Sql;
  groupBy: Record<string, Sql | string>;
  measures: Record<string, Sql>;
  /**
   * Earlier names of columns that no stream declares, as `new name: earlier name`: deployed tables rename theirs and
   * keep the values. Columns that are taken from a stream as they are follow its `renamedFrom`.
   */
  renamedColumns?: Record<string, string>;
}

/** A condition on each row of a real-time table. */
export interface AlertDefinition {
  /** A real-time table. */
  from: string;
  when: Sql;
  /** The channel's name; the deployment maps it to a topic. */
  notify: string;
}

export interface LakehouseDefinition {
  streams: Record<string, StreamDefinition>;
  references?: Record<string, ReferenceDefinition>;
  realtime: Record<string, RealtimeDefinition>;
  silver?: Record<string, SilverDefinition>;
  gold?: Record<string, GoldDefinition>;
  alerts?: Record<string, AlertDefinition>;
}

export interface Lakehouse extends LakehouseDefinition {
  name: string;
}

/**
 * Names a lakehouse. Plain data: checked and compiled by `tidemark` and by `cdk synth`, not here.
 * @example export default defineLakehouse('flights', { streams: { … }, realtime: { … } })
 */
export function defineLakehouse(name: string, definition: LakehouseDefinition): Lakehouse {
  return { name, ...definition };
}
