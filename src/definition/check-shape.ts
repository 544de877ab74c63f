import { nearest } from './nearest.ts';
import type { Problems } from './problems.ts';

/** What a value of a definition must look like, for definitions written in plain JavaScript or loaded from JSON. */
export type Shape =
  | { is: 'string' | 'number' | 'boolean' | 'sql' | 'column' }
  | { is: 'strings' }
  | { is: 'map'; of: Shape }
  | { is: 'object'; required: Record<string, Shape>; optional?: Record<string, Shape> }
  | { is: 'either'; of: Shape[] }
  | { is: 'switch'; on: string; cases: Record<string, Shape> };

const text: Shape = { is: 'string' };
const number: Shape = { is: 'number' };
const sql: Shape = { is: 'sql' };
const strings: Shape = { is: 'strings' };
const map = (of: Shape): Shape => ({ is: 'map', of });
const either = (...of: Shape[]): Shape => ({ is: 'either', of });
const object = (required: Record<string, Shape>, optional: Record<string, Shape> = {}): Shape => ({
  is: 'object',
  required,
  optional,
});

const columns = map({ is: 'column' });
const expressions = map(either(sql, text));
const choice = either(strings, expressions);
const group = object(
  { from: text, columns: choice },
  { when: sql, fact: { is: 'boolean' }, deleteWhen: sql },
);
const join = object({ from: text, on: expressions, columns: choice });

const renamed = { renamedColumns: map(text) };
const silverNames = { renamedFrom: text, ...renamed };

/** The shape of a whole definition. */
export const LAKEHOUSE: Shape = object(
  {
    name: text,
    streams: map(
      object({ columns, eventTime: text }, { extras: text, shards: number, retentionHours: number }),
    ),
    realtime: map(
      object(
        { from: text },
        {
          where: sql,
          lookups: map(object({ on: expressions }, { reference: text })),
          select: map(sql),
          version: text,
          hotKey: strings,
          ...renamed,
        },
      ),
    ),
  },
  {
    references: map(object({ key: either(text, strings), columns, source: text })),
    silver: map({
      is: 'switch',
      on: 'mode',
      cases: {
        upsert: object(
          { mode: text, from: text, key: strings },
          { where: sql, columns: choice, deleteWhen: sql, ...silverNames },
        ),
        append: object({ mode: text, from: text }, { where: sql, columns: choice, ...silverNames }),
        enrich: object(
          { mode: text, key: strings, groups: map(group) },
          { joins: map(join), ...silverNames },
        ),
      },
    }),
    gold: map(object({ from: text, groupBy: expressions, measures: map(sql) }, { where: sql, ...renamed })),
    alerts: map(object({ from: text, when: sql, notify: text })),
  },
);

const LABELS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  sql: 'SQL: sql`…`',
  column: 'a column: column.string()',
  strings: 'a list of names',
  map: 'an object of names',
  object: 'an object',
  switch: 'an object',
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isColumn = (value: unknown): boolean =>
  isObject(value) && isType(value.type) && typeof value.required === 'boolean';

/** Whether a type is whole, whatever its kind is called. */
function isType(value: unknown): boolean {
  if (!isObject(value) || typeof value.kind !== 'string') return false;
  switch (value.kind) {
    case 'decimal':
      return typeof value.precision === 'number' && typeof value.scale === 'number';
    case 'list':
      return isType(value.element);
    case 'map':
      return isType(value.key) && isType(value.value);
    case 'struct':
      return (
        Array.isArray(value.fields) &&
        value.fields.every((f) => isColumn(f) && isObject(f) && typeof f.name === 'string')
      );
    default:
      return true;
  }
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape.is) {
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === shape.is;
    case 'sql':
      return isObject(value) && typeof value.sql === 'string';
    case 'column':
      return isColumn(value);
    case 'strings':
      return Array.isArray(value) && value.every((v) => typeof v === 'string');
    case 'either':
      return shape.of.some((s) => fits(value, s));
    default:
      return isObject(value);
  }
}

const label = (shape: Shape): string =>
  shape.is === 'either' ? shape.of.map(label).join(', or ') : LABELS[shape.is]!;

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? typeof value : json.length > 40 ? `${json.slice(0, 39)}…` : json;
}

/**
 * Reports values of the wrong kind and keys that mean nothing.
 * @returns false when the rest cannot be checked, because a part is not what the types say
 */
export function checkShape(problems: Problems, path: string, value: unknown, shape: Shape): boolean {
  const at = path === '' ? 'lakehouse' : path;
  if (!fits(value, shape)) {
    problems.add(at, value, `${show(value)} is not ${label(shape)}`, `write ${label(shape)}`);
    return false;
  }
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  switch (shape.is) {
    case 'map':
      return every(Object.entries(value as object), ([key, v]) =>
        checkShape(problems, below(key), v, shape.of),
      );
    case 'either':
      return checkShape(
        problems,
        path,
        value,
        shape.of.find((s) => fits(value, s))!,
      );
    case 'switch': {
      const chosen = (value as Record<string, unknown>)[shape.on];
      const found =
        typeof chosen === 'string' && Object.hasOwn(shape.cases, chosen) ? shape.cases[chosen] : undefined;
      if (found) return checkShape(problems, path, value, found);
      const names = Object.keys(shape.cases);
      const wanted = nearest(typeof chosen === 'string' ? chosen : '', names);
      problems.add(below(shape.on), chosen, `${show(chosen)} is no ${shape.on}`, `write ${wanted}`);
      return false;
    }
    case 'object':
      return checkObject(problems, below, value as Record<string, unknown>, shape);
    default:
      return true;
  }
}

function checkObject(
  problems: Problems,
  below: (key: string) => string,
  value: Record<string, unknown>,
  shape: Extract<Shape, { is: 'object' }>,
): boolean {
  const known = { ...shape.required, ...shape.optional };
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(known, key)) continue;
    const names = Object.keys(known);
    problems.add(below(key), value[key], 'no such setting', `write ${nearest(key, names)}, or leave it out`);
  }
  const required = every(Object.entries(shape.required), ([key, s]) =>
    checkShape(problems, below(key), value[key], s),
  );
  const optional = every(Object.entries(shape.optional ?? {}), ([key, s]) =>
    value[key] === undefined ? true : checkShape(problems, below(key), value[key], s),
  );
  return required && optional;
}

/** Like Array.every, but visits all: each may report. */
function every<T>(values: T[], check: (value: T) => boolean): boolean {
  return values.map(check).every(Boolean);
}
