import type { PlanColumn } from '../definition/column.ts';
import { icebergFields } from '../engine/iceberg-schema.ts';
import type { SchemaChange } from '../iceberg/schema-change.ts';
import type { Schema } from '../iceberg/schema.ts';
import { childFields, type NestedField, type Type } from '../iceberg/types.ts';
import type { Steps } from './diff-change.ts';
import type { Renames } from './diff-renames.ts';
import {
  compareRequired,
  compareTypes,
  relate,
  typeText,
  wantedText,
  type TypeContext,
} from './diff-types.ts';

/** What is known of a deployed table and of the plan that it is compared with. */
export interface ColumnContext {
  steps: Steps;
  /** Every schema that the table's metadata still has, the current one last. */
  schemas: readonly Schema[];
  renames: Renames;
  /** The plan was deployed in this table before: what it does not know stays, what was dropped comes back. */
  rollback: boolean;
  /** No snapshot yet: there are no rows that a change could leave behind. */
  empty: boolean;
  /** Columns of ours that the change of mode or groups takes away, by the code that allows it. */
  system: (column: string) => string | undefined;
}

/** Compares the columns of a table and adds the steps that bring them to the wanted ones. */
export function compareColumns(context: ColumnContext, wanted: readonly PlanColumn[]): void {
  const current = context.schemas.at(-1)!;
  const fields = matched(context, current, wanted);
  const order: string[] = current.fields.map((field) => renamedTo(fields, field) ?? field.name);
  let before: string | undefined;
  for (const column of wanted) {
    const field = fields.get(column.name);
    const draft = icebergFields([column])[0]!;
    const place = before === undefined ? ('first' as const) : { after: before };
    const add: Add = { kind: 'add', column: { ...draft, required: false }, place };
    if (field === undefined) {
      added(context, column, add);
      order.splice(before === undefined ? 0 : order.indexOf(before) + 1, 0, column.name);
    } else if (relate(field.type, draft.type) === 'different' || narrows(context, field, column)) {
      replaced(context, column, field, add);
    } else {
      const types: TypeContext = {
        steps: context.steps,
        rollback: context.rollback,
        earlierNames: earlierNames(context.schemas),
      };
      compareRequired(types, column.name, field.required, column.required);
      compareTypes(types, column.name, field.id, field.type, draft.type);
      described(context, column, field);
    }
    before = column.name;
  }
  reordered(context, order, wanted);
  // Last, so that a level never stands empty in between.
  for (const field of current.fields) if (renamedTo(fields, field) === undefined) gone(context, field);
}

const narrows = ({ rollback }: ColumnContext, field: NestedField, column: PlanColumn): boolean =>
  !rollback && relate(field.type, icebergFields([column])[0]!.type) === 'wider';

const renamedTo = (fields: ReadonlyMap<string, NestedField>, field: NestedField): string | undefined =>
  [...fields].find(([, found]) => found === field)?.[0];

/** The deployed field of each wanted column that has one, renames first. */
function matched(
  { steps, renames, rollback, schemas }: ColumnContext,
  current: Schema,
  wanted: readonly PlanColumn[],
): Map<string, NestedField> {
  const fields = new Map<string, NestedField>();
  const names = new Set(wanted.map((column) => column.name));
  for (const { name } of wanted) {
    const found = current.fields.find((field) => field.name === name);
    if (found) {
      fields.set(name, found);
      continue;
    }
    const free = (field: NestedField | undefined): NestedField | undefined =>
      field && !names.has(field.name) && ![...fields.values()].includes(field) ? field : undefined;
    const declared = free(current.fields.find((field) => field.name === renames.get(name)));
    const undone = rollback
      ? free(current.fields.find((field) => hadName(schemas, field.id, name)))
      : undefined;
    const earlier = declared ?? undone;
    if (!earlier) continue;
    fields.set(name, earlier);
    const effect = `${earlier.name} becomes ${name}; it keeps its values and its field id. Queries of the earlier name fail`;
    steps.safe('renamed', name, effect, { kind: 'rename', column: earlier.name, to: name });
  }
  return fields;
}

/** True when the field's last other name was `name`: the plan that said so comes back. */
const hadName = (schemas: readonly Schema[], id: number, name: string): boolean =>
  schemas.some((schema) => schema.fields.some((field) => field.id === id && field.name === name));

function gone({ steps, rollback, system }: ColumnContext, field: NestedField): void {
  const { name } = field;
  const code = system(name);
  if (rollback) {
    const optional: SchemaChange[] = field.required ? [{ kind: 'makeOptional', column: name }] : [];
    const effect = `${name} stays in the table with its values, optional; views leave it out and new rows hold NULL there`;
    steps.safe('column kept', name, effect, ...optional);
    return;
  }
  const effect =
    code === undefined
      ? `${name} is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten`
      : `${name}, a column of the system, is dropped with it`;
  steps.breaking('dropped', name, code ?? `drop:${name}`, effect, { kind: 'drop', column: name });
}

type Add = Extract<SchemaChange, { kind: 'add' }>;

const restore = (field: NestedField, { place }: Add): SchemaChange => ({
  kind: 'restore',
  field,
  ...(place === undefined ? {} : { place }),
});

function added({ steps, schemas, rollback, empty }: ColumnContext, column: PlanColumn, add: Add): void {
  const { name } = column;
  const dropped = rollback ? lastDropped(schemas, add) : undefined;
  if (dropped) {
    const effect = `${name} comes back with the values that files still have; rows written since hold NULL there`;
    steps.safe('column restored', name, effect, restore(dropped, add));
    return;
  }
  const rows = empty ? '' : '; it is NULL in rows that are there already';
  const again = schemas.some((schema) => schema.fields.some((field) => field.name === name));
  const other = again ? '. It is another column than the one of that name that was dropped' : '';
  steps.safe('column added', name, `${name} ${wantedText(column)} is added as optional${rows}${other}`, add);
}

/** The newest dropped field of the wanted name and a type that fits. */
function lastDropped(schemas: readonly Schema[], { column }: Add): NestedField | undefined {
  const current = schemas.at(-1)!;
  for (const schema of [...schemas].reverse()) {
    const field = schema.fields.find((f) => f.name === column.name);
    if (!field || current.fields.some((f) => f.id === field.id)) continue;
    if (relate(field.type, column.type) !== 'different') return field;
  }
  return undefined;
}

function replaced(
  { steps, schemas, rollback }: ColumnContext,
  column: PlanColumn,
  field: NestedField,
  add: Add,
): void {
  const { name } = column;
  const drop: SchemaChange = { kind: 'drop', column: name };
  const types = `${typeText(field.type)} and would become ${wantedText(column)}`;
  const dropped = rollback ? lastDropped(schemas, add) : undefined;
  if (dropped) {
    const effect = `${name} comes back as ${wantedText(column)} with the values that files still have`;
    steps.safe('column restored', name, effect, drop, restore(dropped, add));
    return;
  }
  const effect = `${name} is ${types}: the column is dropped and another of its name added, NULL in rows that are there already`;
  steps.breaking('incompatible type', name, `type:${name}`, effect, drop, add);
}

function described({ steps }: ColumnContext, column: PlanColumn, field: NestedField): void {
  if (column.doc === field.doc) return;
  const { name, doc } = column;
  const change: SchemaChange = { kind: 'describe', column: name, ...(doc === undefined ? {} : { doc }) };
  steps.safe('described', name, `the comment of ${name} changes; nothing else does`, change);
}

/** Moves columns until the wanted ones stand in their order, whatever stands between them. */
function reordered({ steps }: ColumnContext, names: readonly string[], wanted: readonly PlanColumn[]): void {
  const order = [...names];
  const changes: SchemaChange[] = [];
  const target = wanted.map((column) => column.name);
  const isWanted = new Set(target);
  for (const [index, name] of target.entries()) {
    if (order.filter((n) => isWanted.has(n))[index] === name) continue;
    const after = target[index - 1];
    order.splice(order.indexOf(name), 1);
    order.splice(after === undefined ? 0 : order.indexOf(after) + 1, 0, name);
    changes.push({ kind: 'move', column: name, place: after === undefined ? 'first' : { after } });
  }
  if (changes.length === 0) return;
  const effect =
    'the columns stand in another order: SELECT * shows them so; files are read by field id and stay';
  steps.safe('reordered', undefined, effect, ...changes);
}

/** Every name that a field inside each nested field had in any schema. */
function earlierNames(schemas: readonly Schema[]): Map<number, Set<string>> {
  const names = new Map<number, Set<string>>();
  const visit = (owner: number, type: Type): void => {
    for (const field of childFields(type)) {
      names.set(owner, (names.get(owner) ?? new Set()).add(field.name));
      visit(field.id, field.type);
    }
  };
  for (const schema of schemas) for (const field of schema.fields) visit(field.id, field.type);
  return names;
}
