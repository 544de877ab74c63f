import { TidemarkError } from '../errors.ts';
import { childFields, isPrimitive, primitiveKind } from './types.ts';
import type { NestedField, PrimitiveType, StructType, Type } from './types.ts';

/** A table schema as the metadata carries it. */
export interface Schema extends StructType {
  'schema-id': number;
  'identifier-field-ids'?: number[];
}

/** A field before it has ids; nested structs, lists and maps likewise. */
export interface FieldDraft {
  name: string;
  required: boolean;
  type: TypeDraft;
  doc?: string;
}
export type TypeDraft =
  | PrimitiveType
  | { type: 'struct'; fields: FieldDraft[] }
  | { type: 'list'; element: TypeDraft; 'element-required': boolean }
  | { type: 'map'; key: TypeDraft; value: TypeDraft; 'value-required': boolean };

/** A primitive column, also inside structs, by its dotted name. */
export interface LeafColumn {
  id: number;
  /** Names from the root, joined by dots. */
  name: string;
  type: PrimitiveType;
  /** True when the column and everything around it is required. */
  required: boolean;
  /** True inside a list or a map: such columns have counts but no bounds. */
  repeated: boolean;
}

/** Ids from here on belong to metadata columns (the specification's "Reserved Field IDs"). */
const FIRST_RESERVED_ID = 2147483447;

/**
 * Gives fresh field ids in Iceberg's order: all fields of a level before anything nested in them.
 *
 * @param after ids start at `after + 1`
 * @returns the fields and the highest id given, which is the table's `last-column-id`
 * Throws `invalid` for duplicate or empty names and unknown types.
 */
export function assignIds(drafts: FieldDraft[], after = 0): { fields: NestedField[]; lastColumnId: number } {
  let last = after;
  const next = (): number => {
    last += 1;
    if (last >= FIRST_RESERVED_ID)
      throw new TidemarkError('invalid', 'A table can have no more field ids', { context: { last } });
    return last;
  };
  const level = (fields: FieldDraft[]): NestedField[] => {
    checkNames(fields);
    const ids = fields.map(next);
    return fields.map((field, index) => ({
      id: ids[index]!,
      name: field.name,
      required: field.required,
      type: nested(field.type),
      ...(field.doc === undefined ? {} : { doc: field.doc }),
    }));
  };
  const nested = (type: TypeDraft): Type => {
    if (typeof type === 'string') {
      primitiveKind(type);
      return type;
    }
    switch (type.type) {
      case 'struct':
        return { type: 'struct', fields: level(type.fields) };
      case 'list': {
        const id = next();
        return {
          type: 'list',
          'element-id': id,
          element: nested(type.element),
          'element-required': type['element-required'],
        };
      }
      case 'map': {
        const keyId = next();
        const valueId = next();
        return {
          type: 'map',
          'key-id': keyId,
          key: nested(type.key),
          'value-id': valueId,
          value: nested(type.value),
          'value-required': type['value-required'],
        };
      }
    }
  };
  const fields = level(drafts);
  return { fields, lastColumnId: last };
}

// Athena and Glue match names without regard to case, so two names that differ only in case break reads.
function checkNames(fields: { name: string }[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    const key = name.toLowerCase();
    if (name === '' || seen.has(key)) {
      throw new TidemarkError(
        'invalid',
        name === '' ? 'A column needs a name' : `Two columns are named ${name}`,
        {
          context: { name },
          remedy: 'Give each column of a level a name of its own; case does not tell names apart.',
        },
      );
    }
    seen.add(key);
  }
}

/** The field of this id at any depth, or undefined. */
export function findById(schema: StructType, id: number): NestedField | undefined {
  for (const field of walkFields(schema)) if (field.id === id) return field;
  return undefined;
}

/** The field of this dotted name (`a.b`, list elements as `a.element`), or undefined. Exact case. */
export function findByName(schema: StructType, name: string): NestedField | undefined {
  let children: NestedField[] = schema.fields;
  let rest = name;
  for (;;) {
    // A name may itself contain dots: the longest match wins.
    const match = children
      .filter((field) => rest === field.name || rest.startsWith(`${field.name}.`))
      .sort((a, b) => b.name.length - a.name.length)[0];
    if (!match || match.name === rest) return match;
    rest = rest.slice(match.name.length + 1);
    children = childFields(match.type);
  }
}

function* walkFields(type: Type): Generator<NestedField> {
  for (const field of childFields(type)) {
    yield field;
    yield* walkFields(field.type);
  }
}

/** All primitive columns in schema order: what statistics are kept for. */
export function leafColumns(schema: StructType): LeafColumn[] {
  const leaves: LeafColumn[] = [];
  const visit = (field: NestedField, prefix: string, required: boolean, repeated: boolean): void => {
    const name = prefix + field.name;
    const isRequired = required && field.required;
    if (isPrimitive(field.type)) {
      leaves.push({ id: field.id, name, type: field.type, required: isRequired, repeated });
      return;
    }
    const inside = repeated || field.type.type !== 'struct';
    for (const child of childFields(field.type)) visit(child, `${name}.`, isRequired, inside);
  };
  for (const field of schema.fields) visit(field, '', true, false);
  return leaves;
}

/** The highest field id in use; 0 for an empty schema. */
export function highestId(schema: StructType): number {
  let highest = 0;
  for (const field of walkFields(schema)) highest = Math.max(highest, field.id);
  return highest;
}

/**
 * The schema with more optional columns at its end, and the new `last-column-id`. The caller gives the new schema
 * its `schema-id` when it joins the metadata; here it stays that of the old one.
 * Throws `invalid` for a required column (v2 has no defaults: old files could not be read) or a name already taken.
 */
export function addColumns(
  schema: Schema,
  columns: FieldDraft[],
  lastColumnId: number,
): { schema: Schema; lastColumnId: number } {
  const required = columns.find((column) => column.required);
  if (required) {
    throw new TidemarkError(
      'invalid',
      `Column ${required.name} cannot be added as required: existing files lack it`,
      {
        context: { column: required.name },
        remedy: 'Add the column as optional.',
      },
    );
  }
  checkNames([...schema.fields, ...columns]);
  const added = assignIds(columns, Math.max(lastColumnId, highestId(schema)));
  return {
    schema: { ...schema, fields: [...schema.fields, ...added.fields] },
    lastColumnId: added.lastColumnId,
  };
}
