import { RuleProblem } from './rule-problem.ts';
import type { SqlNode } from './sql-tree.ts';
import { literal as quoted } from './sql-text.ts';
import { BOOLEAN, DATE, DOUBLE, INT, LONG, STRING, TIMESTAMP, decimal, type SqlType } from './sql-type.ts';
import type { Typed } from './typed.ts';

interface Constant {
  type: { id: string; type_info: { width?: string; scale?: string } | null };
  is_null: boolean;
  value: unknown;
}

function value(type: SqlType, sql: string, literal?: string, nonZero = false): Typed {
  return {
    type,
    duckdb: sql,
    athena: sql,
    aggregate: false,
    readsRow: false,
    ...(literal === undefined ? {} : { literal }),
    ...(nonZero ? { nonZero } : {}),
  };
}

export const booleanLiteral = (truth: boolean): Typed =>
  value(BOOLEAN, truth ? 'true' : 'false', String(truth));

/** `DATE '…'` or `TIMESTAMP '…'`; its shape is checked with the spelling. */
export function timeLiteral(type: 'date' | 'timestamp', text: string): Typed {
  const valid = !Number.isNaN(Date.parse(`${text.replace(' ', 'T')}${type === 'date' ? '' : 'Z'}`));
  if (!valid || !sameDay(text)) throw new RuleProblem(`'${text}' is no ${type}`, 'write a day that exists');
  return value(type === 'date' ? DATE : TIMESTAMP, `${type.toUpperCase()} ${quoted(text)}`, text);
}

/** JavaScript reads 2013-02-30 as the second of March. */
function sameDay(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

/** A constant of the syntax tree. */
export function constant(node: SqlNode, place: number | undefined): Typed {
  const { type, is_null, value: raw } = node.value as Constant;
  if (is_null) return value({ kind: 'null' }, 'NULL');
  const text = String(raw);
  switch (type.id) {
    case 'VARCHAR':
      return value(STRING, quoted(text), text);
    case 'BOOLEAN':
      return booleanLiteral(text === 'true');
    case 'INTEGER':
    case 'BIGINT':
      return value(type.id === 'INTEGER' ? INT : LONG, text, text, !/^-?0+$/.test(text));
    case 'DECIMAL': {
      const [width, scale] = [Number(type.type_info?.width), Number(type.type_info?.scale)];
      if (width <= 18) return decimalLiteral(text, width, scale);
      break;
    }
    case 'DOUBLE': {
      const double = Number(text);
      if (Number.isFinite(double))
        return value(DOUBLE, double.toExponential().replace('e+', 'e'), text, double !== 0);
      break;
    }
    default:
      break;
  }
  throw new RuleProblem(
    `a literal of ${type.id.toLowerCase()} is too large`,
    'write a number of at most 18 digits',
    place,
  );
}

function decimalLiteral(unscaled: string, width: number, scale: number): Typed {
  const negative = unscaled.startsWith('-');
  const digits = unscaled.replace('-', '').padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale);
  const sql = `${negative ? '-' : ''}${whole}${scale > 0 ? `.${fraction}` : '.'}`;
  return value(decimal(width, scale), sql, sql, /[1-9]/.test(digits));
}
