import type { TableName } from '../ports/catalog.ts';
import type { PlanColumn } from './column.ts';
import type { Plan, PlanGold, PlanRealtime, PlanSilver } from './plan.ts';

export type Layer = 'realtime' | 'silver' | 'gold' | 'ops';

/** A physical table as the plan wants it: user columns, then the system columns of its layer. */
export interface TableSpec {
  name: TableName;
  layer: Layer;
  columns: PlanColumn[];
}

const text = (name: string, required: boolean, doc: string): PlanColumn => ({
  name,
  type: { kind: 'string' },
  required,
  doc,
});

/** Where a row stands in its stream; see the glossary's "record position". */
export const POSITION_COLUMNS: PlanColumn[] = [
  text('_shard', true, 'shard the record was put to'),
  text('_seq', true, 'sequence number, zero-padded: text order is stream order'),
  { name: '_sub', type: { kind: 'int' }, required: true, doc: 'place inside an aggregated record, from 0' },
  {
    name: '_arrived_at',
    type: { kind: 'timestamp' },
    required: true,
    doc: 'when the stream took the record, UTC',
  },
];
/** Total order of rows of one key: version, shard, sequence number, sub-sequence. */
export const ORD_COLUMN: PlanColumn = text(
  '_ord',
  true,
  'version, shard, sequence, sub-sequence as sortable text',
);
export const EXTRA_COLUMN: PlanColumn = text('_extra', false, 'fields that no column names, as JSON');
const DELETED_COLUMN: PlanColumn = {
  name: '_deleted',
  type: { kind: 'boolean' },
  required: false,
  doc: 'true when the key was deleted; views hide the row',
};

/** `<lakehouse>_<layer>`: the databases that hold tables. Views are in `<lakehouse>`. */
export function databaseOf(plan: Pick<Plan, 'name'>, layer: Layer): string {
  return `${plan.name}_${layer}`;
}

export function realtimeTable(plan: Pick<Plan, 'name'>, name: string): TableName {
  return { database: databaseOf(plan, 'realtime'), table: name };
}
export function silverTable(plan: Pick<Plan, 'name'>, name: string): TableName {
  return { database: databaseOf(plan, 'silver'), table: name };
}
export function goldTable(plan: Pick<Plan, 'name'>, name: string): TableName {
  return { database: databaseOf(plan, 'gold'), table: name };
}
export function quarantineTable(plan: Pick<Plan, 'name'>): TableName {
  return { database: databaseOf(plan, 'ops'), table: 'quarantine' };
}

/** Records that broke their contract, whole, with the reason. */
export const QUARANTINE_COLUMNS: PlanColumn[] = [
  text('stream', true, 'stream the record was put to'),
  text('reason', true, 'code of what is wrong, for grouping'),
  text('message', true, 'what is wrong: column, value, limit'),
  text('partition_key', true, 'partition key it was put with'),
  { name: 'payload', type: { kind: 'binary' }, required: true, doc: 'the record as it came' },
  ...POSITION_COLUMNS,
];

function realtimeSpec(plan: Plan, t: PlanRealtime): TableSpec {
  return {
    name: realtimeTable(plan, t.name),
    layer: 'realtime',
    columns: [...t.columns, ...POSITION_COLUMNS, ORD_COLUMN],
  };
}

function silverSpec(plan: Plan, t: PlanSilver): TableSpec {
  const system =
    t.mode === 'append'
      ? [...POSITION_COLUMNS, ORD_COLUMN]
      : [...t.groups.map((g) => ({ ...ORD_COLUMN, name: g.ordColumn, required: false })), DELETED_COLUMN];
  return { name: silverTable(plan, t.name), layer: 'silver', columns: [...t.columns, ...system] };
}

function goldSpec(plan: Plan, t: PlanGold): TableSpec {
  return { name: goldTable(plan, t.name), layer: 'gold', columns: t.columns };
}

/** Every table of the plan, sources before what derives from them. */
export function tablesOf(plan: Plan): TableSpec[] {
  return [
    ...plan.realtime.map((t) => realtimeSpec(plan, t)),
    { name: quarantineTable(plan), layer: 'ops', columns: QUARANTINE_COLUMNS },
    ...plan.silver.map((t) => silverSpec(plan, t)),
    ...plan.gold.map((t) => goldSpec(plan, t)),
  ];
}
