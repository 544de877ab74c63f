import type { ColumnRules } from '../definition/column.ts';
import type { Codec } from './codec.ts';
import { isWellFormed } from './codec-json.ts';
import { compilePattern } from './codec-pattern.ts';

// Characters that JSON text must escape: the quote, the backslash, and those below the space.
const ESCAPED = /[^ !#-[\]-\uffff]/;
// Base64 of RFC 4648, section 4, of a text whose length is a multiple of four. One simple loop: repeating a group of four
// would keep a way back for each, and overflow on megabytes.
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Text that UTF-8 can carry; lengths count code points, as Athena's `length` does. */
export function stringCodec(rules: ColumnRules = {}): Codec {
  const { minLength = 0, maxLength = Infinity, oneOf, pattern } = rules;
  const allowed = oneOf === undefined ? undefined : new Set<unknown>(oneOf);
  const regex = pattern === undefined ? undefined : compilePattern(pattern);
  return (value, at) => {
    if (typeof value !== 'string') return at.refuse('wrong_type', 'expected text', value);
    if (allowed !== undefined && !allowed.has(value)) {
      return at.refuse('not_in_list', `expected one of ${oneOf!.join(', ')}`, value);
    }
    if (!isWellFormed(value)) return at.refuse('bad_text', 'half of a surrogate pair is no character', value);
    // No text has more code points than UTF-16 units, nor fewer than half as many.
    if (value.length > maxLength && codePoints(value) > maxLength) {
      return at.refuse('too_long', `expected at most ${maxLength} characters`, value);
    }
    if (value.length < minLength * 2 && codePoints(value) < minLength) {
      return at.refuse('too_short', `expected at least ${minLength} characters`, value);
    }
    if (regex !== undefined && !matches(regex, value)) {
      return at.refuse('pattern', `expected a match of ${pattern!}`, value);
    }
    return ESCAPED.test(value) ? JSON.stringify(value) : `"${value}"`;
  };
}

export const booleanCodec: Codec = (value, at) =>
  typeof value === 'boolean'
    ? value
      ? 'true'
      : 'false'
    : at.refuse('wrong_type', 'expected true or false, without quotes', value);

/** Base64 with padding; the last character's unused bits must be zero, so that one text stands for one value. */
export const binaryCodec: Codec = (value, at) => {
  if (typeof value !== 'string') return at.refuse('wrong_type', 'expected base64 as text', value);
  if (value.length % 4 !== 0 || !BASE64.test(value) || !endsClean(value)) {
    return at.refuse('bad_base64', 'expected base64 of RFC 4648 with padding', value);
  }
  return `"${value}"`;
};

function endsClean(base64: string): boolean {
  const end = base64.slice(-4);
  return !end.endsWith('=') || Buffer.from(end, 'base64').toString('base64') === end;
}

// On very long text an expression can run out of stack; such text is refused, and the batch goes on.
function matches(regex: RegExp, value: string): boolean {
  try {
    return regex.test(value);
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function codePoints(value: string): number {
  let pairs = 0;
  for (let index = 0; index < value.length; index += 1)
    if ((value.charCodeAt(index) & 0xfc00) === 0xd800) pairs += 1;
  return value.length - pairs;
}
