import { athenaType, type PlanColumn } from '../definition/column.ts';
import { columnsFromSchema } from '../engine/iceberg-schema.ts';
import type { FieldDraft, TypeDraft } from '../iceberg/schema.ts';
import { isWidening, type SchemaChange } from '../iceberg/schema-change.ts';
import { isKind } from '../errors.ts';
import { isPrimitive, type NestedField, type StructType, type Type } from '../iceberg/types.ts';
import type { Steps } from './diff-change.ts';

/** A deployed type in Athena's words; one that no definition can say in Iceberg's. */
export function typeText(type: Type): string {
  try {
    const [column] = columnsFromSchema({
      type: 'struct',
      fields: [{ id: 0, name: 'c', required: false, type }],
    });
    return athenaType(column!.type);
  } catch (error) {
    if (!isKind(error, 'refused')) throw error;
    return isPrimitive(type) ? type : type.type;
  }
}

export const wantedText = (column: PlanColumn): string => athenaType(column.type);

/** How a deployed type stands to the wanted one. */
export type Relation =
  /** The same, or nested types that differ in what can be added, widened or made optional. */
  | 'fits'
  /** The deployed type holds everything the wanted one can: an older plan meets a table that was widened. */
  | 'wider'
  | 'different';

/** Compares types as a whole, without a word on fields that are added or gone. */
export function relate(has: Type, wanted: TypeDraft): Relation {
  if (typeof wanted === 'string' || isPrimitive(has)) {
    if (typeof wanted !== 'string' || !isPrimitive(has)) return 'different';
    if (isWidening(has, wanted)) return 'fits';
    return isWidening(wanted, has) ? 'wider' : 'different';
  }
  if (has.type === 'struct' && wanted.type === 'struct') return relateFields(has, wanted.fields);
  if (has.type === 'list' && wanted.type === 'list') return relate(has.element, wanted.element);
  if (has.type === 'map' && wanted.type === 'map')
    return sameKey(has.key, wanted.key) ? relate(has.value, wanted.value) : 'different';
  return 'different';
}

const sameKey = (has: Type, wanted: TypeDraft): boolean =>
  isPrimitive(has) && typeof wanted === 'string' && isWidening(has, wanted) && isWidening(wanted, has);

function relateFields(has: StructType, wanted: readonly FieldDraft[]): Relation {
  const pairs = wanted.flatMap((field) => {
    const found = has.fields.find((f) => f.name === field.name);
    return found ? [relate(found.type, field.type)] : [];
  });
  // A struct is read by the names of its fields: without a common one, engines find nothing to go by.
  if (pairs.length === 0 || pairs.includes('different')) return 'different';
  return pairs.includes('wider') ? 'wider' : 'fits';
}

/** What the comparison of one column knows beside its types. */
export interface TypeContext {
  steps: Steps;
  /** The plan was deployed before: what it does not know stays. */
  rollback: boolean;
  /** Every name that a level of a struct ever had, as `id of what holds it` → names. */
  earlierNames: ReadonlyMap<number, ReadonlySet<string>>;
}

/** Adds the steps that bring a deployed type to the wanted one, where `relate` finds that it fits. */
export function compareTypes(
  context: TypeContext,
  path: string,
  owner: number,
  has: Type,
  wanted: TypeDraft,
): void {
  if (typeof wanted === 'string' || isPrimitive(has)) {
    if (typeof wanted === 'string' && isPrimitive(has)) comparePrimitive(context, path, has, wanted);
    return;
  }
  if (has.type === 'struct' && wanted.type === 'struct')
    compareFields(context, path, owner, has, wanted.fields);
  if (has.type === 'list' && wanted.type === 'list') {
    const inside = `${path}.element`;
    compareRequired(context, inside, has['element-required'], wanted['element-required']);
    compareTypes(context, inside, has['element-id'], has.element, wanted.element);
  }
  if (has.type === 'map' && wanted.type === 'map') {
    const inside = `${path}.value`;
    compareRequired(context, inside, has['value-required'], wanted['value-required']);
    compareTypes(context, inside, has['value-id'], has.value, wanted.value);
  }
}

function comparePrimitive(
  { steps }: TypeContext,
  path: string,
  has: Extract<Type, string>,
  wanted: Extract<TypeDraft, string>,
): void {
  const [from, to] = [typeText(has), typeText(wanted)];
  if (from === to) return;
  if (isWidening(has, wanted)) {
    const effect = `${path} becomes ${to}; values written as ${from} are read as ${to}`;
    steps.safe('widened', path, effect, { kind: 'widen', column: path, type: wanted });
  } else
    steps.safe(
      'column kept',
      path,
      `${path} stays ${from}, which holds every ${to}; wider values written meanwhile stay as they are`,
    );
}

export function compareRequired({ steps }: TypeContext, path: string, has: boolean, wanted: boolean): void {
  if (!has || wanted) return;
  steps.safe(
    'made optional',
    path,
    `${path} may be NULL from now on; rows that are there keep their values`,
    {
      kind: 'makeOptional',
      column: path,
    },
  );
}

function compareFields(
  context: TypeContext,
  path: string,
  owner: number,
  has: StructType,
  wanted: readonly FieldDraft[],
): void {
  const { steps, rollback, earlierNames } = context;
  for (const field of has.fields.filter((f) => !wanted.some((w) => w.name === f.name)))
    goneField(context, `${path}.${field.name}`, field);
  let before: string | undefined;
  for (const field of wanted) {
    const at = `${path}.${field.name}`;
    const found = has.fields.find((f) => f.name === field.name);
    const place = before === undefined ? ('first' as const) : { after: before };
    before = field.name;
    if (found) {
      compareRequired(context, at, found.required, field.required);
      compareTypes(context, at, found.id, found.type, field.type);
      continue;
    }
    const add: SchemaChange = { kind: 'add', column: { ...field, required: false }, parent: path, place };
    if (earlierNames.get(owner)?.has(field.name) === true && !rollback)
      steps.breaking(
        'incompatible type',
        at,
        `type:${at}`,
        `${at} was there before and was dropped; old files show its old values again, because fields of structs are read by name`,
        add,
      );
    else
      steps.safe(
        'column added',
        at,
        `${at} is added as optional; it is NULL in rows that are there already`,
        add,
      );
  }
}

function goneField({ steps, rollback }: TypeContext, path: string, field: NestedField): void {
  if (rollback) {
    const optional: SchemaChange[] = field.required ? [{ kind: 'makeOptional', column: path }] : [];
    steps.safe(
      'column kept',
      path,
      `${path} stays with its values, optional; new rows hold NULL there`,
      ...optional,
    );
    return;
  }
  const effect = `${path} is dropped: queries that name it fail; its values stay in the files until these are rewritten`;
  steps.breaking('dropped', path, `drop:${path}`, effect, { kind: 'drop', column: path });
}
