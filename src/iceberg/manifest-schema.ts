import type { PartitionColumn } from './partition.ts';
import { primitiveKind } from './types.ts';
import type { PrimitiveType } from './types.ts';

// Field ids and record names as the specification's "Manifests" and "Manifest Lists" give them. Field order is
// Java's. The JSON is written to the header of every file: readers match fields by `field-id`.

const optional = (type: unknown): unknown[] => ['null', type];
const field = (id: number, name: string, type: unknown): unknown =>
  Array.isArray(type) ? { name, type, default: null, 'field-id': id } : { name, type, 'field-id': id };

function intMap(keyId: number, valueId: number, value: string): unknown {
  const fields = [
    { name: 'key', type: 'int', 'field-id': keyId },
    { name: 'value', type: value, 'field-id': valueId },
  ];
  const items = { type: 'record', name: `k${keyId}_v${valueId}`, fields };
  return { type: 'array', items, logicalType: 'map' };
}

/** The Avro schema of manifest entries with this partition, as text. */
export function manifestEntrySchema(partition: readonly PartitionColumn[]): string {
  const list = (elementId: number, items: string): unknown => ({
    type: 'array',
    items,
    'element-id': elementId,
  });
  const dataFile = {
    type: 'record',
    name: 'r2',
    fields: [
      field(134, 'content', 'int'),
      field(100, 'file_path', 'string'),
      field(101, 'file_format', 'string'),
      field(102, 'partition', { type: 'record', name: 'r102', fields: partitionFields(partition) }),
      field(103, 'record_count', 'long'),
      field(104, 'file_size_in_bytes', 'long'),
      field(108, 'column_sizes', optional(intMap(117, 118, 'long'))),
      field(109, 'value_counts', optional(intMap(119, 120, 'long'))),
      field(110, 'null_value_counts', optional(intMap(121, 122, 'long'))),
      field(137, 'nan_value_counts', optional(intMap(138, 139, 'long'))),
      field(125, 'lower_bounds', optional(intMap(126, 127, 'bytes'))),
      field(128, 'upper_bounds', optional(intMap(129, 130, 'bytes'))),
      field(131, 'key_metadata', optional('bytes')),
      field(132, 'split_offsets', optional(list(133, 'long'))),
      field(135, 'equality_ids', optional(list(136, 'int'))),
      field(140, 'sort_order_id', optional('int')),
      field(143, 'referenced_data_file', optional('string')),
    ],
  };
  return JSON.stringify({
    type: 'record',
    name: 'manifest_entry',
    fields: [
      field(0, 'status', 'int'),
      field(1, 'snapshot_id', optional('long')),
      field(3, 'sequence_number', optional('long')),
      field(4, 'file_sequence_number', optional('long')),
      field(2, 'data_file', dataFile),
    ],
  });
}

function partitionFields(partition: readonly PartitionColumn[]): unknown[] {
  const defined = new Set<string>();
  return partition.map((column) =>
    field(column.id, avroName(column.name), optional(avroType(column.type, defined))),
  );
}

// A named Avro type may be defined once in a schema; later uses refer to it by its name.
function avroType(type: PrimitiveType, defined: Set<string>): unknown {
  const fixed = (name: string, size: number, rest: Record<string, unknown> = {}): unknown => {
    if (defined.has(name)) return name;
    defined.add(name);
    return { type: 'fixed', name, size, ...rest };
  };
  const kind = primitiveKind(type);
  switch (kind.kind) {
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'time':
      return { type: 'long', logicalType: 'time-micros' };
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': kind.kind === 'timestamptz' };
    case 'uuid':
      return fixed('uuid_fixed', 16, { logicalType: 'uuid' });
    case 'binary':
      return 'bytes';
    case 'fixed':
      return fixed(`fixed_${kind.length}`, kind.length);
    case 'decimal': {
      const { precision, scale } = kind;
      const rest = { logicalType: 'decimal', precision, scale };
      return fixed(`decimal_${precision}_${scale}`, decimalBytes(precision), rest);
    }
    default:
      return kind.kind;
  }
}

/** The fewest bytes that hold every unscaled value of this precision. */
export function decimalBytes(precision: number): number {
  let length = 1;
  while (2n ** BigInt(length * 8 - 1) < 10n ** BigInt(precision)) length += 1;
  return length;
}

// Avro names are letters, digits and underscores; anything else is written as Java writes it.
function avroName(name: string): string {
  return name
    .replace(/[^A-Za-z0-9_]/gu, (char) => `_x${char.codePointAt(0)!.toString(16).toUpperCase()}`)
    .replace(/^\d/, (digit) => `_${digit}`);
}

const summary = {
  type: 'record',
  name: 'r508',
  fields: [
    field(509, 'contains_null', 'boolean'),
    field(518, 'contains_nan', optional('boolean')),
    field(510, 'lower_bound', optional('bytes')),
    field(511, 'upper_bound', optional('bytes')),
  ],
};

/** The Avro schema of a manifest list, as text. */
export const MANIFEST_LIST_SCHEMA = JSON.stringify({
  type: 'record',
  name: 'manifest_file',
  fields: [
    field(500, 'manifest_path', 'string'),
    field(501, 'manifest_length', 'long'),
    field(502, 'partition_spec_id', 'int'),
    field(517, 'content', 'int'),
    field(515, 'sequence_number', 'long'),
    field(516, 'min_sequence_number', 'long'),
    field(503, 'added_snapshot_id', 'long'),
    field(504, 'added_files_count', 'int'),
    field(505, 'existing_files_count', 'int'),
    field(506, 'deleted_files_count', 'int'),
    field(512, 'added_rows_count', 'long'),
    field(513, 'existing_rows_count', 'long'),
    field(514, 'deleted_rows_count', 'long'),
    field(507, 'partitions', optional({ type: 'array', items: summary, 'element-id': 508 })),
    field(519, 'key_metadata', optional('bytes')),
  ],
});
