import { TidemarkError } from '../errors.ts';
import { assignIds, findById, highestId } from './schema.ts';
import type { FieldDraft, Schema } from './schema.ts';
import { childFields, isPrimitive } from './types.ts';
import type { NestedField, StructType, Type } from './types.ts';

/** Where a column stands among those of its level. */
export type Place = 'first' | { after: string };

/** Rewrites the fields of one level. */
type Edit = (fields: readonly NestedField[]) => NestedField[];

interface Step {
  /** The field of the level that the path goes through, and what is left of the path; undefined at its end. */
  field: NestedField;
  rest: string | undefined;
}

// A name may itself contain dots: the longest match wins.
function step(fields: readonly NestedField[], path: string): Step | undefined {
  const field = fields
    .filter(({ name }) => path === name || path.startsWith(`${name}.`))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (!field) return undefined;
  return { field, rest: path === field.name ? undefined : path.slice(field.name.length + 1) };
}

function stepOrThrow(fields: readonly NestedField[], path: string): Step {
  const taken = step(fields, path);
  if (taken) return taken;
  throw new TidemarkError('notFound', `There is no column ${path} to change`, {
    context: { column: path, columns: fields.map((field) => field.name) },
  });
}

const refuse = (message: string, column: string, remedy?: string): TidemarkError =>
  new TidemarkError('invalid', message, { context: { column }, ...(remedy === undefined ? {} : { remedy }) });

/** Rewrites the level that holds the last part of `path`; `edit` gets the level and that part's name. */
function editLevel(
  fields: readonly NestedField[],
  path: string,
  edit: (level: readonly NestedField[], name: string) => NestedField[],
): NestedField[] {
  const { field, rest } = stepOrThrow(fields, path);
  if (rest === undefined) return edit(fields, field.name);
  const type = inside(field.type, rest, edit);
  return fields.map((other) => (other === field ? { ...field, type } : other));
}

function inside(
  type: Type,
  path: string,
  edit: (level: readonly NestedField[], name: string) => NestedField[],
): Type {
  const fields = editLevel(childFields(type), path, edit);
  return withChildren(type, fields, path);
}

/** The nested type with other children; those of lists and maps can change their type and requiredness only. */
function withChildren(type: Type, fields: readonly NestedField[], path: string): Type {
  if (isPrimitive(type)) throw refuse(`There is nothing inside a ${type}`, path);
  if (type.type === 'struct') return { ...type, fields: [...fields] };
  const before = childFields(type);
  const kept = fields.length === before.length && fields.every((f, i) => f.name === before[i]!.name);
  if (!kept)
    throw refuse(
      `The ${before.map((f) => f.name).join(' and ')} of a ${type.type} cannot be renamed, moved or dropped`,
      path,
    );
  const [first, second] = fields;
  if (type.type === 'list') return { ...type, element: first!.type, 'element-required': first!.required };
  // A changed key would make two keys of a map one, or one unreadable.
  if (
    first!.required !== before[0]!.required ||
    first!.type !== before[0]!.type ||
    first!.doc !== before[0]!.doc
  )
    throw refuse('The key of a map cannot change', path);
  return { ...type, value: second!.type, 'value-required': second!.required };
}

/** The columns of the level that `path` stands in, itself included. */
export function siblingsOf(schema: StructType, path: string): readonly NestedField[] {
  let fields: readonly NestedField[] = schema.fields;
  let left = path;
  for (;;) {
    const { field, rest } = stepOrThrow(fields, left);
    if (rest === undefined) return fields;
    fields = childFields(field.type);
    left = rest;
  }
}

/** The schema with the column at `path` in another form. */
export function replaceField(schema: Schema, path: string, by: NestedField): Schema {
  const replace = (level: readonly NestedField[], name: string): NestedField[] =>
    level.map((field) => (field.name === name ? by : field));
  return { ...schema, fields: editLevel(schema.fields, path, replace) };
}

/** The schema without the column at `path`. Throws `invalid` when nothing would be left of its level. */
export function removeField(schema: Schema, path: string): Schema {
  const remove = (level: readonly NestedField[], name: string): NestedField[] => {
    if (level.length === 1)
      throw refuse(
        `Column ${path} is the last of its level and cannot be dropped`,
        path,
        'Drop what holds it.',
      );
    return level.filter((field) => field.name !== name);
  };
  return { ...schema, fields: editLevel(schema.fields, path, remove) };
}

/** The schema with the column at `path` elsewhere in its level. */
export function moveField(schema: Schema, path: string, place: Place): Schema {
  const move = (level: readonly NestedField[], name: string): NestedField[] => {
    const field = level.find((candidate) => candidate.name === name)!;
    return placed(
      level.filter((other) => other !== field),
      field,
      place,
    );
  };
  return { ...schema, fields: editLevel(schema.fields, path, move) };
}

function placed(level: readonly NestedField[], field: NestedField, place: Place | undefined): NestedField[] {
  if (place === undefined) return [...level, field];
  if (place === 'first') return [field, ...level];
  const at = level.findIndex((other) => other.name === place.after);
  if (at < 0)
    throw refuse(
      `Column ${field.name} cannot stand after ${place.after}, which is not beside it`,
      field.name,
      `Name one of ${level.map((other) => other.name).join(', ')}.`,
    );
  return [...level.slice(0, at + 1), field, ...level.slice(at + 1)];
}

/** A column to add, and where. */
export interface Addition {
  column: FieldDraft;
  parent?: string;
  place?: Place;
}

/**
 * The schema with one more optional column under fresh ids. Throws `invalid` for a required one (v2 has no defaults:
 * old files could not be read), for a name that is taken, and inside the key of a map.
 */
export function addField(
  schema: Schema,
  lastColumnId: number,
  { column, parent, place }: Addition,
): { schema: Schema; lastColumnId: number } {
  const name = parent === undefined ? column.name : `${parent}.${column.name}`;
  if (column.required)
    throw refuse(
      `Column ${name} cannot be added as required: existing files lack it`,
      name,
      'Add the column as optional.',
    );
  const added = assignIds([column], Math.max(lastColumnId, highestId(schema)));
  const edit: Edit = (level) => joined(level, added.fields[0]!, name, place);
  const fields = parent === undefined ? edit(schema.fields) : within(schema.fields, parent, edit);
  return { schema: { ...schema, fields }, lastColumnId: added.lastColumnId };
}

/** The schema with a column that an earlier one had, optional, under its own id. */
export function restoreField(
  schema: Schema,
  { field, place }: { field: NestedField; place?: Place },
): Schema {
  for (const id of idsOf(field))
    if (findById(schema, id)) throw refuse(`Column ${field.name} is not gone`, field.name);
  return { ...schema, fields: joined(schema.fields, { ...field, required: false }, field.name, place) };
}

const idsOf = (field: NestedField): number[] => [field.id, ...childFields(field.type).flatMap(idsOf)];

/** A level with one more field. */
function joined(
  level: readonly NestedField[],
  field: NestedField,
  path: string,
  place: Place | undefined,
): NestedField[] {
  const clash = level.find((other) => other.name.toLowerCase() === field.name.toLowerCase());
  if (!clash) return placed(level, field, place);
  throw refuse(
    `Column ${path} cannot be added: ${clash.name} is there`,
    path,
    'Give each column of a level a name of its own; case does not tell names apart.',
  );
}

/** Rewrites the fields of the struct at `path`, or of the struct that the list or map at `path` holds. */
function within(fields: readonly NestedField[], path: string, edit: Edit): NestedField[] {
  return editLevel(fields, path, (level, name) =>
    level.map((field) =>
      field.name === name ? { ...field, type: structWithin(field.type, path, edit) } : field,
    ),
  );
}

function structWithin(type: Type, path: string, edit: Edit): Type {
  if (!isPrimitive(type)) {
    if (type.type === 'struct') return { ...type, fields: edit(type.fields) };
    if (type.type === 'list') return { ...type, element: structWithin(type.element, path, edit) };
    return { ...type, value: structWithin(type.value, path, edit) };
  }
  throw refuse(
    `Nothing can be added to ${path}, which is a ${type}`,
    path,
    'Name a struct, or a list or map of structs.',
  );
}
