import { LosslessNumber } from 'lossless-json';
import type { ColumnRules } from '../definition/column.ts';
import type { Codec, Reading } from './codec.ts';
import { REFUSED } from './codec.ts';
import type { JsonValue } from './codec-json.ts';
import { integerOf, numberText, parseDecimal } from './codec-decimal.ts';

const INT_MIN = -2147483648;
const INT_MAX = 2147483647;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;
const FLOAT_MAX = 3.4028234663852886e38;

/** 32 bits, from a JSON number of integral value: `3`, and also `3.0` and `3e0`. */
export function intCodec(rules: ColumnRules | undefined): Codec {
  return (value, at) => {
    const exact = value instanceof LosslessNumber ? exactInteger(value.value) : value;
    if (typeof exact === 'number' && Number.isInteger(exact)) {
      if (exact < INT_MIN || exact > INT_MAX) return at.refuse('out_of_range', 'an int has 32 bits', value);
      return rules !== undefined && breaks(rules, exact, value, at) ? REFUSED : String(exact);
    }
    if (typeof exact === 'bigint') return at.refuse('out_of_range', 'an int has 32 bits', value);
    return at.refuse('wrong_type', 'expected an int, a JSON number without fraction', value);
  };
}

/** 64 bits, from a JSON number of integral value or the same as text; exact over the whole range. */
export function longCodec(rules: ColumnRules | undefined): Codec {
  return (value, at) => {
    if (typeof value === 'number' && Number.isSafeInteger(value)) {
      return rules !== undefined && breaks(rules, value, value, at) ? REFUSED : String(value);
    }
    const exact = exactInteger(numberText(value));
    if (exact === undefined) {
      return at.refuse(
        'wrong_type',
        'expected a long, a number without fraction, as JSON number or text',
        value,
      );
    }
    if (exact < LONG_MIN || exact > LONG_MAX) return at.refuse('out_of_range', 'a long has 64 bits', value);
    return rules !== undefined && breaks(rules, exact, value, at) ? REFUSED : String(exact);
  };
}

/**
 * From a JSON number, to the nearest value the type has, as any reader of JSON does; or from the texts `NaN`,
 * `Infinity` and `-Infinity`, which JSON has no numbers for. A finite number beyond the type's range is refused.
 */
export function floatingCodec(kind: 'float' | 'double', rules: ColumnRules | undefined): Codec {
  const single = kind === 'float';
  return (value, at) => {
    if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') {
      return rules !== undefined && breaks(rules, Number(value), value, at) ? REFUSED : `"${value}"`;
    }
    const parsed = value instanceof LosslessNumber ? Number(value.value) : value;
    if (typeof parsed !== 'number')
      return at.refuse('wrong_type', `expected a ${kind}, a JSON number`, value);
    const kept = single ? Math.fround(parsed) : parsed;
    if (!Number.isFinite(kept)) {
      return at.refuse('out_of_range', `a ${kind} goes to ${single ? FLOAT_MAX : Number.MAX_VALUE}`, value);
    }
    if (rules !== undefined && breaks(rules, kept, value, at)) return REFUSED;
    // `-0` would be read as the integer 0.
    return Object.is(kept, -0) ? '-0.0' : String(kept);
  };
}

// Far outside 64 bits any bigint will do: it is only compared with the limits.
function exactInteger(text: string): number | bigint | undefined {
  const decimal = parseDecimal(text);
  const exact = decimal === undefined ? undefined : integerOf(decimal, 20);
  return exact !== undefined && exact >= INT_MIN && exact <= INT_MAX ? Number(exact) : exact;
}

// NaN is neither within limits nor in a list. Comparing a bigint with a number is exact in JavaScript.
function breaks(
  { min, max, oneOf }: ColumnRules,
  value: number | bigint,
  source: JsonValue,
  at: Reading,
): boolean {
  if (min !== undefined && !(value >= min)) at.refuse('out_of_range', `expected at least ${min}`, source);
  else if (max !== undefined && !(value <= max)) at.refuse('out_of_range', `expected at most ${max}`, source);
  else if (oneOf !== undefined && !oneOf.some((one) => one === value)) {
    at.refuse('not_in_list', `expected one of ${oneOf.join(', ')}`, source);
  } else return false;
  return true;
}
