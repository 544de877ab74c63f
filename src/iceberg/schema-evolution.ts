import { TidemarkError } from '../errors.ts';
import { currentSchema } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { changeSchema } from './schema-change.ts';
import type { SchemaChange } from './schema-change.ts';
import { findById } from './schema.ts';
import type { Schema } from './schema.ts';
import { childFields } from './types.ts';
import type { StructType, Type } from './types.ts';

/** Properties whose last part is a column's name: they follow a rename and go with a drop. */
const COLUMN_PROPERTIES = ['write.metadata.metrics.column.', 'write.parquet.bloom-filter-enabled.column.'];

/**
 * The metadata with a changed current schema. Older schemas stay; a schema equal to one that is there takes its id;
 * `last-column-id` never goes down. Throws as `changeSchema` does, and `refused` for a dropped column that partitions
 * or the sort order need.
 */
export function evolveSchema(metadata: TableMetadata, changes: readonly SchemaChange[]): TableMetadata {
  if (changes.length === 0) return metadata;
  const before = currentSchema(metadata);
  const evolved = changeSchema({ schema: before, lastColumnId: metadata['last-column-id'] }, changes);
  checkDropped(metadata, evolved.schema);
  checkRestored(metadata, changes);
  const lastColumnId = Math.max(metadata['last-column-id'], evolved.lastColumnId);
  const same = metadata.schemas.find((schema) => sameSchema(schema, evolved.schema));
  const schemaId = same?.['schema-id'] ?? Math.max(...metadata.schemas.map((s) => s['schema-id'])) + 1;
  return {
    ...metadata,
    schemas: same ? metadata.schemas : [...metadata.schemas, { ...evolved.schema, 'schema-id': schemaId }],
    'current-schema-id': schemaId,
    'last-column-id': lastColumnId,
    properties: renamedProperties(metadata.properties, before, evolved.schema),
  };
}

/** True when two schemas differ in nothing but their id. */
function sameSchema(a: Schema, b: Schema): boolean {
  const identifiers = (schema: Schema): string =>
    [...(schema['identifier-field-ids'] ?? [])].sort((x, y) => x - y).join();
  return sameValue(a.fields, b.fields) && identifiers(a) === identifiers(b);
}

// Key order does not matter, nor does a doc that is there as undefined. Types differ in spaces between writers.
function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string')
    return a === b || (a.replaceAll(' ', '') === b.replaceAll(' ', '') && /^(decimal|fixed)/.test(a));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [left, right] = [entries(a), entries(b)];
  return (
    left.size === right.size &&
    [...left].every(([key, value]) => right.has(key) && sameValue(value, right.get(key)))
  );
}

const entries = (value: object): Map<string, unknown> =>
  new Map(Object.entries(value).filter(([, item]) => item !== undefined));

/**
 * Reports columns that are gone although something needs them. Partition fields of older specs count: files may
 * still be partitioned by them, and engines that cannot find the source refuse the table.
 */
function checkDropped(metadata: TableMetadata, schema: Schema): void {
  for (const spec of metadata['partition-specs'])
    for (const field of spec.fields) {
      if (field.transform === 'void' || findById(schema, field['source-id'])) continue;
      if (!wasThere(metadata, field['source-id'])) continue;
      const old = spec['spec-id'] === metadata['default-spec-id'] ? '' : ' of earlier files';
      throw needed(`the partitions${old} (${field.name})`, field['source-id']);
    }
  const order = metadata['sort-orders'].find((o) => o['order-id'] === metadata['default-sort-order-id']);
  for (const field of order?.fields ?? []) {
    const id = (field as { 'source-id'?: unknown } | null)?.['source-id'];
    if (typeof id === 'number' && !findById(schema, id) && wasThere(metadata, id))
      throw needed('the sort order', id);
  }
}

// A field that no schema ever had would take an id that a later column may get, or that files use for another.
function checkRestored(metadata: TableMetadata, changes: readonly SchemaChange[]): void {
  for (const change of changes) {
    if (change.kind !== 'restore') continue;
    const { field } = change;
    if (metadata.schemas.some((schema) => sameValue(findById(schema, field.id), field))) continue;
    throw new TidemarkError(
      'invalid',
      `No earlier schema had the column ${field.name} with the id ${field.id}`,
      {
        context: { column: field.name, fieldId: field.id },
        remedy: 'Add it as a new column.',
      },
    );
  }
}

// What a foreign writer dropped before is not this change's doing.
const wasThere = (metadata: TableMetadata, id: number): boolean =>
  findById(currentSchema(metadata), id) !== undefined;

function needed(by: string, fieldId: number): TidemarkError {
  return new TidemarkError('refused', `A column cannot be dropped: ${by} need it`, {
    context: { fieldId },
    remedy: 'Leave the column, or change what needs it first.',
  });
}

/** Every field's dotted name, by id. */
export function namesById(schema: StructType): Map<number, string> {
  const names = new Map<number, string>();
  const visit = (type: Type, prefix: string): void => {
    for (const field of childFields(type)) {
      names.set(field.id, prefix + field.name);
      visit(field.type, `${prefix}${field.name}.`);
    }
  };
  visit(schema, '');
  return names;
}

function renamedProperties(
  properties: Readonly<Record<string, string>>,
  before: Schema,
  after: Schema,
): Record<string, string> {
  const ids = new Map([...namesById(before)].map(([id, name]) => [name, id]));
  const names = namesById(after);
  const moved = Object.entries(properties).flatMap(([key, value]): [string, string][] => {
    const prefix = COLUMN_PROPERTIES.find((candidate) => key.startsWith(candidate));
    const id = prefix === undefined ? undefined : ids.get(key.slice(prefix.length));
    if (prefix === undefined || id === undefined) return [[key, value]];
    const name = names.get(id);
    return name === undefined ? [] : [[prefix + name, value]];
  });
  return Object.fromEntries(moved);
}
