import { TidemarkError } from '../errors.ts';
import { findById } from './schema.ts';
import type { Schema } from './schema.ts';
import { isPrimitive } from './types.ts';
import type { PrimitiveType } from './types.ts';
import type { Value } from './value.ts';

/** One partition field of a spec, as the metadata carries it. */
export interface PartitionField {
  'source-id': number;
  'field-id': number;
  name: string;
  /** `identity`, `bucket[N]`, `truncate[W]`, `year`, `month`, `day`, `hour`, `void`, or one we do not know. */
  transform: string;
  [key: string]: unknown;
}

export interface PartitionSpec {
  'spec-id': number;
  fields: PartitionField[];
  [key: string]: unknown;
}

/** A file's partition: one value per field of its spec, by the field's name. Empty when unpartitioned. */
export type Partition = Readonly<Record<string, Value | null>>;

/** A partition field with the type its values have. */
export interface PartitionColumn {
  id: number;
  name: string;
  type: PrimitiveType;
}

export const UNPARTITIONED: PartitionSpec = { 'spec-id': 0, fields: [] };
/** `last-partition-id` of a table that never had a partition field: partition ids start at 1000. */
export const LAST_PARTITION_ID_NONE = 999;

/**
 * The columns of a spec with the result types of their transforms (specification, "Partition Transforms").
 * A column whose source was dropped is only possible for `void`, and is read as int.
 * Throws `refused` for a transform this version does not know.
 */
export function partitionColumns(spec: PartitionSpec, schemas: readonly Schema[]): PartitionColumn[] {
  return spec.fields.map((field) => ({
    id: field['field-id'],
    name: field.name,
    type: resultType(field, sourceType(field['source-id'], schemas)),
  }));
}

// Newest schema first: a promoted source (int to long) is written with its newest type.
function sourceType(id: number, schemas: readonly Schema[]): PrimitiveType | undefined {
  for (const schema of [...schemas].reverse()) {
    const field = findById(schema, id);
    if (field && isPrimitive(field.type)) return field.type;
  }
  return undefined;
}

function resultType(field: PartitionField, source: PrimitiveType | undefined): PrimitiveType {
  const { transform } = field;
  if (transform === 'identity' || transform === 'void' || transform.startsWith('truncate['))
    return source ?? 'int';
  if (transform === 'day') return 'date';
  if (['year', 'month', 'hour'].includes(transform) || transform.startsWith('bucket[')) return 'int';
  throw new TidemarkError('refused', `Partition transform ${transform} is not known`, {
    context: { field: field.name, transform },
    remedy: 'Write this table with the engine that made it.',
  });
}

/**
 * The schema that a manifest of this spec names in its header, where readers look up the types of partition
 * sources: the current one, or the newest that still has every source.
 */
export function headerSchema(spec: PartitionSpec, schemas: readonly Schema[], current: Schema): Schema {
  const hasSources = (schema: Schema): boolean =>
    spec.fields.every((field) => findById(schema, field['source-id']));
  return hasSources(current) ? current : (schemas.findLast(hasSources) ?? current);
}
