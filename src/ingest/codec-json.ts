import { LosslessNumber, parse } from 'lossless-json';

/** Parsed JSON. Numbers that a double cannot hold exactly are `LosslessNumber`, with the source's digits. */
export type JsonValue = null | boolean | number | string | LosslessNumber | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** Deeper JSON is refused: no real record needs it, and recursion over it must end. */
export const MAX_DEPTH = 64;
const PREVIEW_LENGTH = 100;

// A number token (it follows `:`, `,`, `[` or white space) with 16 or more digits, or with an exponent so large or
// small that a double may lose it. A decimal of up to 15 digits survives the way through a double unchanged. Inside
// strings the expressions may match for nothing; that costs time, never exactness.
const LONG_NUMBER = /[:,[\s]-?(?:[\d.]{16}|[\d.]+[eE][+-]?\d{3})/;
const LONG_NUMBERS = /[:,[\s](-?(?:[\d.]{16,}(?:[eE][+-]?\d+)?|[\d.]+[eE][+-]?\d{3,}))/g;

/** True when the digits of some number of the text cannot be had back from what `JSON.parse` makes of it. */
export function losesDigits(text: string): boolean {
  if (!LONG_NUMBER.test(text)) return false;
  // Doubles as programs print them have up to 17 digits and lose none.
  for (const [, token] of text.matchAll(LONG_NUMBERS)) if (String(Number(token)) !== token) return true;
  return false;
}

/** Parses text that `JSON.parse` has already accepted, and keeps the digits of every number. */
export function parseExact(text: string): JsonValue {
  return parse(text, undefined, {
    parseNumber: exactNumber,
    // As JSON.parse does, so that the two ways to read a record agree.
    onDuplicateKey: ({ newValue }) => newValue,
  }) as JsonValue;
}

function exactNumber(text: string): number | LosslessNumber {
  return losesDigits(`:${text}`) ? new LosslessNumber(text) : Number(text);
}

/** True when the value nests no deeper than `MAX_DEPTH`. */
export function isShallow(value: JsonValue, depth = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null || value instanceof LosslessNumber) return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isShallow(item, depth - 1));
  for (const key in value) if (!isShallow(value[key]!, depth - 1)) return false;
  return true;
}

/** The value as JSON text, numbers with the digits they came with. Only for shallow values. */
export function jsonText(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (value instanceof LosslessNumber) return value.toString();
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`;
  const fields = Object.keys(value).map((key) => `${JSON.stringify(key)}:${jsonText(value[key]!)}`);
  return `{${fields.join(',')}}`;
}

/** The value for a message: JSON cut to 100 characters. */
export function preview(value: JsonValue): string {
  if (typeof value === 'string') return cut(JSON.stringify(value.slice(0, PREVIEW_LENGTH + 1)));
  return isShallow(value) ? cut(jsonText(value)) : 'a deeply nested value';
}

/** At most 100 characters of a text, for messages. */
export function cut(text: string): string {
  return text.length <= PREVIEW_LENGTH ? text : `${text.slice(0, PREVIEW_LENGTH)}…`;
}

// Node 20 has the two methods, the ES2023 types do not.
type UnicodeString = string & { isWellFormed(): boolean; toWellFormed(): string };

/** True when no half of a surrogate pair stands alone: only such text can be written as UTF-8. */
export function isWellFormed(text: string): boolean {
  return (text as UnicodeString).isWellFormed();
}

/** The text with U+FFFD for each half of a surrogate pair; cutting a text may leave one. */
export function wellFormed(text: string): string {
  return (text as UnicodeString).toWellFormed();
}

export function isObject(value: JsonValue): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber)
  );
}
