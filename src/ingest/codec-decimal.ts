import { LosslessNumber } from 'lossless-json';
import { TidemarkError } from '../errors.ts';
import type { ColumnRules } from '../definition/column.ts';
import type { Codec } from './codec.ts';
import type { JsonValue } from './codec-json.ts';

/** A decimal number taken apart: `digits` × 10^`exponent`. No leading and no trailing zeros; zero has no digits. */
export interface Decimal {
  negative: boolean;
  digits: string;
  exponent: number;
}

// JSON's own grammar of numbers, for text as well: no plus sign, no leading zeros, no spaces.
const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
// Most decimals look like this; they need no taking apart.
const PLAIN = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** Reads a number's text exactly; undefined when it is none. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const fraction = match[3] ?? '';
  const all = match[2]! + fraction;
  let start = 0;
  let end = all.length;
  while (start < end && all.charCodeAt(start) === 48) start += 1;
  while (end > start && all.charCodeAt(end - 1) === 48) end -= 1;
  if (start === end) return { negative: false, digits: '', exponent: 0 };
  const exponent = Number(match[4] ?? 0) - fraction.length + (all.length - end);
  return { negative: match[1] === '-', digits: all.slice(start, end), exponent };
}

/**
 * The value as an integer, or undefined when it has a fraction. A value of more than `maxDigits` digits comes out as
 * some integer of more digits: an exponent of a billion must not be written out.
 */
export function integerOf(decimal: Decimal, maxDigits: number): bigint | undefined {
  if (decimal.digits === '') return 0n;
  if (decimal.exponent < 0) return undefined;
  const zeros = Math.min(decimal.exponent, maxDigits + 1);
  const magnitude = BigInt(decimal.digits.slice(0, maxDigits + 1) + '0'.repeat(zeros));
  return decimal.negative ? -magnitude : magnitude;
}

/**
 * `decimal(precision, scale)` from a JSON number or its text. A value that needs more digits than the type has, on
 * either side of the point, is refused; zeros that change nothing are not.
 */
export function decimalCodec(precision: number, scale: number, rules: ColumnRules | undefined): Codec {
  const whole = precision - scale;
  const zeros = '0'.repeat(scale);
  const min = rules?.min === undefined ? undefined : limitOf(rules.min, scale, 1n);
  const max = rules?.max === undefined ? undefined : limitOf(rules.max, scale, 0n);

  const canonical = (text: string): string | undefined => {
    const point = text.indexOf('.');
    const sign = text.charCodeAt(0) === 45 ? 1 : 0;
    const end = point === -1 ? text.length : point;
    const fraction = point === -1 ? 0 : text.length - point - 1;
    if (end - sign > whole || fraction > scale || !PLAIN.test(text)) return undefined;
    if (fraction === scale) return text;
    return point === -1 ? `${text}.${zeros}` : text + zeros.slice(fraction);
  };

  return (value, at) => {
    const source = numberText(value);
    let text = canonical(source);
    if (text === undefined) {
      const decimal = parseDecimal(source);
      if (decimal === undefined)
        return at.refuse('wrong_type', 'expected a decimal, as JSON number or text', value);
      if (decimal.digits !== '' && decimal.digits.length + decimal.exponent > whole) {
        return at.refuse(
          'out_of_range',
          `decimal(${precision},${scale}) has ${whole} digits before the point`,
          value,
        );
      }
      if (-decimal.exponent > scale) {
        return at.refuse(
          'bad_decimal',
          `decimal(${precision},${scale}) has ${scale} digits after the point`,
          value,
        );
      }
      text = fixed(decimal, scale);
    }
    if (min !== undefined || max !== undefined) {
      const unscaled = BigInt(text.replace('.', ''));
      if (min !== undefined && unscaled < min)
        return at.refuse('out_of_range', `expected at least ${rules!.min!}`, value);
      if (max !== undefined && unscaled > max)
        return at.refuse('out_of_range', `expected at most ${rules!.max!}`, value);
    }
    // As text: DuckDB reads a JSON number into a decimal by way of a double.
    return `"${text}"`;
  };
}

/** The digits of a number that came as JSON number or as text; otherwise a text that is no number. */
export function numberText(value: JsonValue): string {
  if (typeof value === 'string') return value;
  if (value instanceof LosslessNumber) return value.value;
  return typeof value === 'number' ? String(value) : '';
}

function fixed({ negative, digits, exponent }: Decimal, scale: number): string {
  const unscaled = (digits + '0'.repeat(exponent + scale)).padStart(scale + 1, '0');
  const point = unscaled.length - scale;
  const text = scale === 0 ? unscaled : `${unscaled.slice(0, point)}.${unscaled.slice(point)}`;
  return negative ? `-${text}` : text;
}

// The limit in units of the last digit: a minimum is rounded up (`up` = 1), a maximum down, which changes no answer.
function limitOf(limit: number, scale: number, up: bigint): bigint {
  const decimal = parseDecimal(String(limit));
  if (decimal === undefined) throw new TidemarkError('invalid', `${limit} is no limit of a decimal`);
  const shift = decimal.exponent + scale;
  const digits = BigInt(decimal.digits === '' ? 0 : decimal.digits) * (decimal.negative ? -1n : 1n);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const unit = 10n ** BigInt(-shift);
  const floor = digits / unit - (digits % unit < 0n ? 1n : 0n);
  return floor * unit === digits ? floor : floor + up;
}
