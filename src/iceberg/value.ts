import { TidemarkError } from '../errors.ts';
import { primitiveKind } from './types.ts';
import type { PrimitiveType } from './types.ts';

/**
 * A value of a primitive type in memory:
 * boolean; int, date (days since 1970), float, double as number; long, time, timestamp and timestamptz
 * (microseconds since midnight or 1970) and decimal (unscaled) as bigint; string and uuid (RFC 9562 text) as
 * string; fixed and binary as bytes.
 */
export type Value = boolean | number | bigint | string | Uint8Array;

const utf8 = new TextEncoder();
const text = new TextDecoder('utf-8', { fatal: true });
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;

/**
 * The single-value binary form (specification, "Appendix D: Binary single-value serialization").
 * Throws `invalid` when the value is not of the type, or out of its range.
 */
export function encodeValue(type: PrimitiveType, value: Value): Uint8Array {
  const kind = primitiveKind(type);
  switch (kind.kind) {
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(type, value);
      return Uint8Array.of(value ? 1 : 0);
    case 'int':
    case 'date': {
      if (typeof value !== 'number' || (value | 0) !== value) throw mismatch(type, value);
      return fill(4, (view) => view.setInt32(0, value, true));
    }
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz': {
      if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw mismatch(type, value);
      return fill(8, (view) => view.setBigInt64(0, value, true));
    }
    case 'float':
      if (typeof value !== 'number') throw mismatch(type, value);
      return fill(4, (view) => view.setFloat32(0, value, true));
    case 'double':
      if (typeof value !== 'number') throw mismatch(type, value);
      return fill(8, (view) => view.setFloat64(0, value, true));
    case 'string':
      if (typeof value !== 'string') throw mismatch(type, value);
      return utf8.encode(value);
    case 'uuid':
      if (typeof value !== 'string' || !UUID.test(value)) throw mismatch(type, value);
      return Uint8Array.from(Buffer.from(value.replaceAll('-', ''), 'hex'));
    case 'binary':
      if (!(value instanceof Uint8Array)) throw mismatch(type, value);
      return value;
    case 'fixed':
      if (!(value instanceof Uint8Array) || value.length !== kind.length) throw mismatch(type, value);
      return value;
    case 'decimal':
      if (typeof value !== 'bigint' || magnitude(value) >= 10n ** BigInt(kind.precision))
        throw mismatch(type, value);
      return encodeUnscaled(value);
  }
}

/**
 * Reads the single-value binary form. Bounds written before a promotion (int to long, float to double) keep their
 * old width and are widened here. Throws `corrupt` when the bytes cannot be of the type.
 */
export function decodeValue(type: PrimitiveType, bytes: Uint8Array): Value {
  const kind = primitiveKind(type);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (kind.kind) {
    case 'boolean':
      if (bytes.length === 1) return bytes[0] !== 0;
      break;
    case 'int':
    case 'date':
      if (bytes.length === 4) return view.getInt32(0, true);
      break;
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      if (bytes.length === 8) return view.getBigInt64(0, true);
      if (bytes.length === 4) return BigInt(view.getInt32(0, true));
      break;
    case 'float':
      if (bytes.length === 4) return view.getFloat32(0, true);
      break;
    case 'double':
      if (bytes.length === 8) return view.getFloat64(0, true);
      if (bytes.length === 4) return view.getFloat32(0, true);
      break;
    case 'string':
      return decodeText(bytes);
    case 'uuid':
      if (bytes.length === 16) return uuidText(bytes);
      break;
    case 'binary':
      return bytes;
    case 'fixed':
      if (bytes.length === kind.length) return bytes;
      break;
    case 'decimal':
      if (bytes.length > 0) return decodeUnscaled(bytes);
      break;
  }
  throw new TidemarkError('corrupt', `${bytes.length} bytes are no value of type ${type}`, {
    context: { type, length: bytes.length },
  });
}

/**
 * Orders two values of one type as Iceberg orders bounds: strings and uuids by unsigned bytes of their binary
 * form, -0.0 below +0.0, NaN above everything. Negative, zero or positive.
 */
export function compareValues(type: PrimitiveType, a: Value, b: Value): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (a < b) return -1;
    if (a > b) return 1;
    if (a === b && a !== 0) return 0;
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  }
  if (
    (typeof a === 'bigint' && typeof b === 'bigint') ||
    (typeof a === 'boolean' && typeof b === 'boolean')
  ) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  if (typeof a === 'string' && typeof b === 'string' && type === 'string') return compareText(a, b);
  return compareBytes(encodeValue(type, a), encodeValue(type, b));
}

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

// The order of UTF-8 bytes is that of code points. JavaScript compares 16-bit units, which puts code points above
// U+FFFF, written as surrogates, before U+E000 to U+FFFF.
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left !== right) return unitRank(left) - unitRank(right);
  }
  return a.length - b.length;
}

function unitRank(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit;
}

/** Unsigned lexicographic order; a prefix sorts first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

/** Minimal big-endian two's complement, as decimals are written. */
export function encodeUnscaled(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  const bytes = new Uint8Array(length);
  let rest = BigInt.asUintN(length * 8, value);
  for (let index = length - 1; index >= 0; index -= 1) {
    bytes[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** Reads big-endian two's complement of any length. */
export function decodeUnscaled(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

function fill(length: number, set: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  set(new DataView(bytes.buffer));
  return bytes;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch (cause) {
    throw new TidemarkError('corrupt', 'A string bound is not UTF-8', { cause });
  }
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function mismatch(type: PrimitiveType, value: Value): TidemarkError {
  return new TidemarkError(
    'invalid',
    `A ${typeof value} is no value of type ${type}, or is out of its range`,
    {
      context: { type },
    },
  );
}
