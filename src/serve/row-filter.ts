import {
  compilePredicate,
  isPrimitive,
  primitiveKind,
  type Predicate,
  type PrimitiveType,
  type ScanFile,
  type Schema,
  type Value,
} from '../iceberg/index.ts';
import { isNode, type SqlNode } from './query-tree.ts';

type Comparison = '=' | '<' | '<=' | '>' | '>=';

/** A constant of the query: DuckDB's name of its type, and its text. */
interface Constant {
  type: string;
  text: string;
}

/** One comparison of a column with constants. A row for which it is not true is not in the answer. */
export type Condition =
  | { column: string; op: Comparison; value: Constant }
  | { column: string; op: 'in'; value: Constant[] }
  | { column: string; op: 'isNull' | 'notNull' };

const OPERATORS: Readonly<Record<string, Comparison>> = {
  COMPARE_EQUAL: '=',
  COMPARE_LESSTHAN: '<',
  COMPARE_LESSTHANOREQUALTO: '<=',
  COMPARE_GREATERTHAN: '>',
  COMPARE_GREATERTHANOREQUALTO: '>=',
};
const MIRRORED: Record<Comparison, Comparison> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

interface RawValue {
  type: { id: string };
  is_null: boolean;
  value: unknown;
}

function constantOf(value: unknown): Constant | undefined {
  if (!isNode(value)) return undefined;
  if (value.class === 'CAST' && value.try_cast !== true) {
    const text = constantOf(value.child);
    const type = (value.cast_type as { id?: string } | undefined)?.id ?? '';
    const literal = text?.type === 'VARCHAR' && ['DATE', 'TIMESTAMP', 'TIMESTAMP_MS'].includes(type);
    return literal ? { ...text, type } : undefined;
  }
  if (value.class !== 'CONSTANT') return undefined;
  const raw = value.value as RawValue;
  const { value: plain, is_null: isNull } = raw;
  if (isNull || (typeof plain !== 'string' && !(typeof plain === 'number' && Number.isFinite(plain))))
    return undefined;
  return { type: raw.type.id, text: String(plain) };
}

/** A column's plain name; a name behind a dot could also be a field of a struct. */
function columnOf(value: unknown): string | undefined {
  if (!isNode(value) || value.class !== 'COLUMN_REF') return undefined;
  const names = value.column_names as string[];
  return names.length === 1 ? names[0]!.toLowerCase() : undefined;
}

function compared(node: SqlNode): Condition[] {
  const op = OPERATORS[String(node.type)];
  if (!op) return [];
  const [left, right] = [columnOf(node.left), columnOf(node.right)];
  const [a, b] = [constantOf(node.left), constantOf(node.right)];
  if (left !== undefined && b) return [{ column: left, op, value: b }];
  if (right !== undefined && a) return [{ column: right, op: MIRRORED[op], value: a }];
  return [];
}

function operator(node: SqlNode): Condition[] {
  const [first, ...rest] = node.children as SqlNode[];
  const column = columnOf(first);
  if (column === undefined) return [];
  if (node.type === 'OPERATOR_IS_NULL') return [{ column, op: 'isNull' }];
  if (node.type === 'OPERATOR_IS_NOT_NULL') return [{ column, op: 'notNull' }];
  if (node.type !== 'COMPARE_IN') return [];
  const values = rest.map(constantOf);
  return values.every((v) => v !== undefined) ? [{ column, op: 'in', value: values }] : [];
}

/** The simple comparisons that a condition joins with AND; whatever else it holds is left out. */
export function conditionsOf(node: SqlNode | undefined): Condition[] {
  if (!node) return [];
  switch (node.class) {
    case 'CONJUNCTION':
      return node.type === 'CONJUNCTION_AND' ? (node.children as SqlNode[]).flatMap(conditionsOf) : [];
    case 'COMPARISON':
      return compared(node);
    case 'OPERATOR':
      return operator(node);
    case 'BETWEEN': {
      const column = columnOf(node.input);
      const [low, high] = [constantOf(node.lower), constantOf(node.upper)];
      if (column === undefined || !low || !high) return [];
      return [
        { column, op: '>=', value: low },
        { column, op: '<=', value: high },
      ];
    }
    default:
      return [];
  }
}

const DAY = 86_400_000;
const DATE = /^\d{4}-\d\d-\d\d$/;
const MOMENT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?$/;

/** Milliseconds of a day that the calendar has. */
function dayOf(text: string): number | undefined {
  const ms = DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? undefined : ms;
}

function microsOf({ type, text }: Constant): bigint | undefined {
  if (type === 'DATE') {
    const day = dayOf(text);
    return day === undefined ? undefined : BigInt(day) * 1000n;
  }
  const [, date = '', time = '', fraction = ''] = MOMENT.exec(text) ?? [];
  const ms = dayOf(date) === undefined ? NaN : Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(ms) || (type === 'TIMESTAMP_MS' && fraction.length > 3)) return undefined;
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, '0'));
}

const isWhole = (c: Constant): boolean =>
  ['INTEGER', 'BIGINT'].includes(c.type) && Number.isSafeInteger(Number(c.text));

/** The constant as a value of the column's type, or undefined where the engine would convert in a way of its own. */
function valueOf(type: PrimitiveType, constant: Constant): Value | undefined {
  const { kind } = primitiveKind(type);
  switch (kind) {
    case 'string':
      return constant.type === 'VARCHAR' ? constant.text : undefined;
    case 'int':
      return isWhole(constant) && Math.abs(Number(constant.text)) < 2 ** 31
        ? Number(constant.text)
        : undefined;
    case 'long':
      return isWhole(constant) ? BigInt(constant.text) : undefined;
    case 'double':
      return isWhole(constant) || constant.type === 'DOUBLE' ? Number(constant.text) : undefined;
    case 'date': {
      const day = constant.type === 'DATE' ? dayOf(constant.text) : undefined;
      return day === undefined ? undefined : day / DAY;
    }
    case 'timestamp':
      return ['DATE', 'TIMESTAMP', 'TIMESTAMP_MS'].includes(constant.type) ? microsOf(constant) : undefined;
    default:
      return undefined;
  }
}

function predicateOf(schema: Schema, condition: Condition): Predicate | undefined {
  const field = schema.fields.find((f) => f.name.toLowerCase() === condition.column);
  if (!field || !isPrimitive(field.type)) return undefined;
  const { type, name: column } = field as typeof field & { type: PrimitiveType };
  switch (condition.op) {
    case 'isNull':
    case 'notNull':
      return { column, op: condition.op };
    case 'in': {
      const values = condition.value.map((v) => valueOf(type, v));
      return values.every((v) => v !== undefined) ? { column, op: 'in', value: values } : undefined;
    }
    default: {
      const value = valueOf(type, condition.value);
      return value === undefined ? undefined : { column, op: condition.op, value };
    }
  }
}

/** The conditions as a filter of files; what cannot be said exactly is left out. */
export function filePredicate(schema: Schema, conditions: readonly Condition[]): Predicate {
  return { and: conditions.flatMap((c) => predicateOf(schema, c) ?? []) };
}

/** The files that may hold a row that matches. */
export function matchingFiles(schema: Schema, files: readonly ScanFile[], where: Predicate): ScanFile[] {
  const test = compilePredicate(where, schema);
  return files.filter((f) => test(f.file));
}
