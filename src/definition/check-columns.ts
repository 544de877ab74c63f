import { athenaType, type Column, type ColumnRules, type ColumnType } from './column.ts';
import { checkName } from './check-names.ts';
import { nearest } from './nearest.ts';
import type { Problems } from './problems.ts';

/** Types whose values identify a row: they compare exactly in every engine. */
const KEY_TYPES: readonly ColumnType['kind'][] = [
  'string',
  'int',
  'long',
  'date',
  'timestamp',
  'decimal',
  'boolean',
];
/** Types whose order is total and can be written as sortable text. */
const ORDERED_TYPES: readonly ColumnType['kind'][] = [
  'timestamp',
  'date',
  'int',
  'long',
  'decimal',
  'string',
];
const SCALARS = ['boolean', 'int', 'long', 'float', 'double', 'date', 'timestamp', 'string', 'binary'];

export const isKeyType = (type: ColumnType): boolean => KEY_TYPES.includes(type.kind);
export const isOrdered = (type: ColumnType): boolean => ORDERED_TYPES.includes(type.kind);

function checkType(problems: Problems, path: string, type: ColumnType): void {
  switch (type.kind) {
    case 'decimal':
      checkDecimal(problems, path, type.precision, type.scale);
      break;
    case 'list':
      checkType(problems, `${path}.element`, type.element);
      break;
    case 'map':
      checkType(problems, `${path}.value`, type.value);
      break;
    case 'struct':
      if (type.fields.length === 0) problems.add(path, type, 'a struct without fields', 'give it a field');
      for (const field of type.fields) checkColumn(problems, `${path}.${field.name}`, field.name, field);
      break;
    default:
      if (!SCALARS.includes(type.kind))
        problems.add(path, type, `no type "${type.kind}"`, 'use column.string() and its like');
  }
}

function checkDecimal(problems: Problems, path: string, precision: number, scale: number): void {
  if (!Number.isInteger(precision) || precision < 1 || precision > 38) {
    problems.add(path, precision, `a decimal of ${precision} digits`, 'use 1 to 38');
  } else if (!Number.isInteger(scale) || scale < 0 || scale > precision) {
    problems.add(
      path,
      scale,
      `${scale} digits after the point of ${precision} in all`,
      `use 0 to ${precision}`,
    );
  }
}

function ordered(problems: Problems, path: string, low: number | undefined, high: number | undefined): void {
  if (low !== undefined && high !== undefined && low > high) {
    problems.add(path, [low, high], `from ${low} to ${high} holds no value`, 'exchange the two');
  }
}

const RULES: readonly string[] = [
  'oneOf',
  'min',
  'max',
  'minLength',
  'maxLength',
  'pattern',
] satisfies (keyof ColumnRules)[];

function checkRules(problems: Problems, path: string, rules: ColumnRules): void {
  for (const rule of Object.keys(rules).filter((r) => !RULES.includes(r))) {
    problems.add(`${path}.${rule}`, rule, 'no such rule', `write ${nearest(rule, RULES)}`);
  }
  if (rules.oneOf?.length === 0) problems.add(`${path}.oneOf`, [], 'no value is allowed', 'list the values');
  ordered(problems, path, rules.min, rules.max);
  ordered(problems, path, rules.minLength, rules.maxLength);
  if (rules.pattern === undefined) return;
  try {
    new RegExp(rules.pattern, 'u');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problems.add(`${path}.pattern`, rules.pattern, error.message, 'write a valid regular expression');
  }
  if (/\(\?<?[=!]|\\[1-9]/.test(rules.pattern)) {
    problems.add(
      `${path}.pattern`,
      rules.pattern,
      'lookaround and back references are no RE2',
      'leave them out',
    );
  }
}

/** Reports what is wrong with a column's name, type and rules. */
export function checkColumn(problems: Problems, path: string, name: string, column: Column): void {
  checkName(problems, path, 'column', name);
  checkType(problems, path, column.type);
  if (column.rules) checkRules(problems, path, column.rules);
}

/** Reports a key column that is optional or of a type that cannot identify a row. */
export function checkKeyColumn(problems: Problems, path: string, name: string, column: Column): void {
  if (!column.required) {
    problems.add(
      path,
      name,
      `the key column "${name}" is optional`,
      'make it required: a row without a key cannot be found',
    );
  }
  if (!isKeyType(column.type)) {
    const remedy = `use a column of type ${KEY_TYPES.join(', ')}`;
    problems.add(path, name, `the key column "${name}" is ${athenaType(column.type)}`, remedy);
  }
}
