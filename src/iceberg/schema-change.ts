import { TidemarkError } from '../errors.ts';
import { addField, moveField, removeField, replaceField, restoreField, siblingsOf } from './schema-edit.ts';
import type { Place } from './schema-edit.ts';
import { findByName } from './schema.ts';
import type { FieldDraft, Schema } from './schema.ts';
import { isPrimitive, primitiveKind } from './types.ts';
import type { NestedField, PrimitiveType } from './types.ts';

/**
 * One change of a schema, as data. Columns are named by their dotted path: `a`, `a.b` in a struct, `tags.element` of a
 * list, `prices.value` of a map. Changes apply one after the other: each names columns as those before it left them.
 */
export type SchemaChange =
  /** A new column, always with a fresh id. `parent` is a struct, or a list or map of structs. @default the table itself */
  | { kind: 'add'; column: FieldDraft; parent?: string; place?: Place }
  /** Keeps the field id, so old files are read under the new name. `to` is the last part of the name only. */
  | { kind: 'rename'; column: string; to: string }
  /** Among the columns of its own level. */
  | { kind: 'move'; column: string; place: Place }
  /** int to long, float to double, a decimal to more digits of the same scale. */
  | { kind: 'widen'; column: string; type: PrimitiveType }
  | { kind: 'makeOptional'; column: string }
  /** Sets the doc; without one removes it. */
  | { kind: 'describe'; column: string; doc?: string }
  /** Leaves the values in the files; a column of the same name added later is another column. */
  | { kind: 'drop'; column: string }
  /**
   * Brings a dropped column of the table itself back under its id, optional, as an earlier schema had it: the undoing of
   * a drop, after which old files show its values again.
   */
  | { kind: 'restore'; field: NestedField; place?: Place };

/** A schema and the highest field id that its table ever gave. */
export interface Evolved {
  schema: Schema;
  lastColumnId: number;
}

/**
 * The schema after the changes (specification, "Schema Evolution"). The caller gives it its `schema-id`. Whether a
 * dropped column is still needed by partitions or sort orders is for `checkDropped` to say.
 * Throws `notFound` for a column that is not there, `invalid` for a change that old files could not be read under.
 */
export function changeSchema(base: Evolved, changes: readonly SchemaChange[]): Evolved {
  const evolved = changes.reduce(applyChange, base);
  checkIdentifiers(evolved.schema);
  return evolved;
}

function applyChange({ schema, lastColumnId }: Evolved, change: SchemaChange): Evolved {
  switch (change.kind) {
    case 'add':
      return addField(schema, lastColumnId, change);
    case 'restore':
      return { schema: restoreField(schema, change), lastColumnId };
    case 'move':
      found(schema, change.column);
      return { schema: moveField(schema, change.column, change.place), lastColumnId };
    case 'drop':
      found(schema, change.column);
      return { schema: removeField(schema, change.column), lastColumnId };
    default: {
      const field = found(schema, change.column);
      return { schema: replaceField(schema, change.column, edited(schema, field, change)), lastColumnId };
    }
  }
}

type Edit = Extract<SchemaChange, { kind: 'rename' | 'widen' | 'makeOptional' | 'describe' }>;

function edited(schema: Schema, field: NestedField, change: Edit): NestedField {
  switch (change.kind) {
    case 'rename':
      checkNewName(schema, field, change);
      return { ...field, name: change.to };
    case 'widen':
      return { ...field, type: widened(field, change) };
    case 'makeOptional':
      return { ...field, required: false };
    case 'describe': {
      const { doc: _doc, ...rest } = field;
      return change.doc === undefined ? rest : { ...rest, doc: change.doc };
    }
  }
}

function found(schema: Schema, column: string): NestedField {
  const field = findByName(schema, column);
  if (field) return field;
  throw new TidemarkError('notFound', `There is no column ${column} to change`, {
    context: { column, columns: schema.fields.map((candidate) => candidate.name) },
  });
}

// Athena and Glue match names without regard to case, so two names that differ only in case break reads.
function checkNewName(
  schema: Schema,
  field: NestedField,
  { column, to }: { column: string; to: string },
): void {
  if (to === '')
    throw new TidemarkError('invalid', `Column ${column} cannot be renamed to nothing`, {
      context: { column },
    });
  const clash = siblingsOf(schema, column).find(
    (other) => other.id !== field.id && other.name.toLowerCase() === to.toLowerCase(),
  );
  if (!clash) return;
  throw new TidemarkError('invalid', `Column ${column} cannot be named ${to}: ${clash.name} is there`, {
    context: { column, to },
    remedy: 'Choose another name, or rename or drop the other column first.',
  });
}

function widened(
  field: NestedField,
  { column, type }: { column: string; type: PrimitiveType },
): PrimitiveType {
  if (isPrimitive(field.type) && isWidening(field.type, type)) return type;
  const has = isPrimitive(field.type) ? field.type : field.type.type;
  throw new TidemarkError('invalid', `Column ${column} is ${has} and cannot become ${type}`, {
    context: { column, from: has, to: type },
    remedy:
      'Widen int to long, float to double or a decimal to more digits; else add a column of another name.',
  });
}

/** True when every value of `from` is read the same as `to` (specification, "Schema Evolution"), equal types included. */
export function isWidening(from: PrimitiveType, to: PrimitiveType): boolean {
  const a = primitiveKind(from);
  const b = primitiveKind(to);
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale === b.scale && a.precision <= b.precision;
  if (a.kind === 'fixed' && b.kind === 'fixed') return a.length === b.length;
  const widens = (a.kind === 'int' && b.kind === 'long') || (a.kind === 'float' && b.kind === 'double');
  return widens || a.kind === b.kind;
}

// Identifier fields tell rows apart: required, with everything around them, and no floating point (specification,
// "Identifier Field IDs").
function checkIdentifiers(schema: Schema): void {
  for (const id of schema['identifier-field-ids'] ?? []) {
    const way = wayTo(schema.fields, id);
    const field = way.at(-1);
    const problem =
      field === undefined
        ? 'would be gone'
        : way.some((step) => !step.required)
          ? `would be optional`
          : undefined;
    if (problem === undefined) continue;
    const name = field === undefined ? `with the id ${id}` : way.map((step) => step.name).join('.');
    throw new TidemarkError('invalid', `The identifier column ${name} ${problem}`, {
      context: { fieldId: id },
      remedy: 'Leave the column as it is, or take it out of the identifier fields first.',
    });
  }
}

/** The fields from the root to the one of this id; empty when there is none. Identifiers lie in structs only. */
function wayTo(fields: readonly NestedField[], id: number): NestedField[] {
  for (const field of fields) {
    if (field.id === id) return [field];
    if (isPrimitive(field.type) || field.type.type !== 'struct') continue;
    const below = wayTo(field.type.fields, id);
    if (below.length > 0) return [field, ...below];
  }
  return [];
}
