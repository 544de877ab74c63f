import { isUtf8 } from 'node:buffer';
import { TidemarkError } from '../errors.ts';
import type { PlanColumn } from '../definition/column.ts';
import type { PlanStream } from '../definition/plan.ts';
import { EXTRA_COLUMN } from '../definition/tables.ts';
import type { Codec, Extras, RefusalReason } from './codec.ts';
import { REFUSED, Reading } from './codec.ts';
import { compileType } from './codec-compile.ts';
import { isObject, isShallow, jsonText, losesDigits, MAX_DEPTH, parseExact } from './codec-json.ts';
import type { JsonObject, JsonValue } from './codec-json.ts';
import { MAX_OBJECT_BYTES } from './contract-duckdb.ts';
import { RecordCodec } from './codec-record.ts';
import { timestampCodec } from './codec-time.ts';

/** What became of one record. */
export type ReadResult =
  | {
      kind: 'ok';
      /** One line of JSON: an object of exactly the contract's columns, in order, in canonical form. */
      json: string;
      /** Milliseconds since 1970. */
      eventTime: number;
    }
  | { kind: 'refused'; reason: RefusalReason; message: string };

export { duckdbReadColumns, duckdbSelect, readLinesSql } from './contract-duckdb.ts';

const BYTE_ORDER_MARK = 0xfeff;
const CLOSING_BRACE = 0x7d;
const MAX_BYTES_PER_UNIT = 3;

/**
 * What a stream's records must be, compiled once. `read` refuses a record or gives it whole: no value is dropped,
 * rounded or turned into null, and no record affects another.
 *
 * - Null and absent are the same. A duplicated key counts with its last value, as everywhere in JavaScript.
 * - A byte order mark before the JSON text is passed over.
 * - Fields that no column names go where the stream's `extras` says, in nested structs as well. `keep` gathers them in
 *   the column `_extra` in the shape they had: `{"a":{"b":1}}` for the unknown field `b` of the struct `a`; the
 *   positions of a list are keys like `"0"`.
 *
 * Not safe for use inside itself: one contract reads one record at a time.
 */
export class Contract {
  /** The columns of `json`: the stream's, then `_extra` where extras are kept. */
  readonly columns: PlanColumn[];
  private readonly record: RecordCodec;
  private readonly tail: string;
  private readonly at = new Reading();

  constructor(stream: PlanStream) {
    const keep = stream.extras === 'keep';
    this.columns = keep ? [...stream.columns, EXTRA_COLUMN] : stream.columns;
    const codecs = stream.columns.map(({ name, type, rules }) =>
      name === stream.eventTime && type.kind === 'timestamp'
        ? eventTimeCodec
        : compileType(type, rules, stream.extras),
    );
    if (!codecs.includes(eventTimeCodec)) {
      throw new TidemarkError(
        'invalid',
        `The event time ${stream.eventTime} is no timestamp column of ${stream.name}`,
        {
          context: { stream: stream.name, eventTime: stream.eventTime },
          remedy: 'Name a column of type timestamp.',
        },
      );
    }
    this.record = new RecordCodec(stream.columns, codecs, stream.extras);
    this.tail = keep ? `,${JSON.stringify(EXTRA_COLUMN.name)}:` : '';
  }

  /** Reads one user record: UTF-8 text of one JSON object. */
  read(bytes: Uint8Array): ReadResult {
    const { at } = this;
    at.start();
    const object = parse(bytes, at);
    if (object === undefined) return refusal(at);
    const fields = this.record.encode(object, at);
    if (fields === REFUSED) return refusal(at);
    if (Number.isNaN(at.eventTime)) {
      at.refuse('missing_column', 'the event time is required');
      return refusal(at);
    }
    let json = `{${fields}`;
    if (this.tail !== '') {
      const extra = at.extras === undefined ? 'null' : extraText(at.extras, at);
      if (extra === REFUSED) return refusal(at);
      json += this.tail + extra;
    }
    json += '}';
    // A string put together piece by piece is a tree of its pieces until someone asks for a character. Kept as trees,
    // the lines of a batch cost the collector more time than all validation.
    if (json.charCodeAt(json.length - 1) !== CLOSING_BRACE)
      throw new TidemarkError('internal', 'no closing brace');
    if (isTooLong(json)) {
      at.refuse('too_large', `the record is beyond ${MAX_OBJECT_BYTES} bytes in canonical form`);
      return refusal(at);
    }
    return { kind: 'ok', json, eventTime: at.eventTime };
  }
}

/** Compiles the contract of a stream. Throws `invalid` for a definition that cannot be checked. */
export function compileContract(stream: PlanStream): Contract {
  return new Contract(stream);
}

const eventTimeCodec: Codec = (value, at) => {
  const text = timestampCodec(value, at);
  at.eventTime = at.millis;
  return text;
};

function refusal({ reason, message }: Reading): ReadResult {
  return { kind: 'refused', reason, message };
}

function parse(bytes: Uint8Array, at: Reading): JsonObject | undefined {
  if (bytes.length > MAX_OBJECT_BYTES) {
    at.refuse('too_large', `${bytes.length} bytes, the limit is ${MAX_OBJECT_BYTES}`);
    return undefined;
  }
  if (!isUtf8(bytes)) {
    at.refuse('not_utf8', 'the bytes are not UTF-8 text');
    return undefined;
  }
  let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) text = text.slice(1);
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    at.refuse('not_json', cause instanceof Error ? cause.message : 'not one JSON text');
    return undefined;
  }
  if (!isObject(value)) {
    at.refuse('not_object', 'expected a JSON object', value);
    return undefined;
  }
  if (!losesDigits(text)) return value;
  // The exact parser recurses, JSON.parse does not.
  if (isShallow(value)) return parseExact(text) as JsonObject;
  at.refuse('too_deep', `nested more than ${MAX_DEPTH} levels`);
  return undefined;
}

function isTooLong(json: string): boolean {
  return json.length * MAX_BYTES_PER_UNIT > MAX_OBJECT_BYTES && Buffer.byteLength(json) > MAX_OBJECT_BYTES;
}

// Escapes of JSON.stringify for half a surrogate pair, not preceded by an escaped backslash.
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

// The extras as JSON text inside a JSON string; other engines cannot read JSON with half a surrogate pair in it.
function extraText(extras: Extras, at: Reading): string {
  const text = objectText(extras);
  if (text.includes('\\ud') && LONE_SURROGATE.test(text)) {
    return at.refuse('bad_text', 'half of a surrogate pair is no character', text);
  }
  return JSON.stringify(text);
}

function objectText(extras: Extras): string {
  const fields: string[] = [];
  for (const [name, value] of extras) {
    fields.push(`${JSON.stringify(name)}:${value instanceof Map ? objectText(value) : jsonText(value)}`);
  }
  return `{${fields.join(',')}}`;
}
