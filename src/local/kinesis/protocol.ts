import { cbor, tag } from '@smithy/core/cbor';
import { KinesisFault } from './fault.ts';
import type { WireValues } from './input.ts';

/** What an operation returns: plain values, `Uint8Array` for blobs, `Date` for timestamps; undefined is left out. */
export type OutputValue =
  | undefined
  | null
  | boolean
  | number
  | string
  | Date
  | Uint8Array
  | OutputValue[]
  | { [member: string]: OutputValue };
export type Output = Record<string, OutputValue>;

/** One way to write requests and responses. */
export interface Protocol extends WireValues {
  readonly contentType: string;
  /** Sent with every response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Throws `SerializationException`. An empty body is an empty structure. */
  decode(body: Buffer): unknown;
  encode(output: Output): Uint8Array;
  /** The error type as `__type` carries it. */
  errorType(code: string): string;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** AWS JSON 1.1: blobs in base64, timestamps in seconds with fractions. */
export const JSON_1_1: Protocol = {
  contentType: 'application/x-amz-json-1.1',
  headers: {},
  decode: (body) => decodeWith(body, (bytes) => JSON.parse(bytes.toString('utf8'))),
  encode: (output) => Buffer.from(JSON.stringify(render(output, jsonLeaf))),
  bytes: (value) => {
    if (typeof value !== 'string' || value.length % 4 !== 0 || !BASE64.test(value)) return undefined;
    return Buffer.from(value, 'base64');
  },
  timestamp: (value) => (typeof value === 'number' ? Math.round(value * 1000) : undefined),
  errorType: (code) => code,
};

/**
 * The CBOR that AWS's Java libraries speak to Kinesis: the same structures, timestamps as tag 1 with an integer of
 * milliseconds (not the seconds that RFC 8949 gives the tag).
 */
export const CBOR_1_1: Protocol = {
  contentType: 'application/x-amz-cbor-1.1',
  headers: {},
  decode: (body) => decodeWith(body, (bytes) => cbor.deserialize(bytes)),
  encode: (output) => cbor.serialize(render(output, (v) => (v instanceof Date ? epoch(v.getTime()) : v))),
  bytes: cborBytes,
  timestamp: (value) => cborNumber(value),
  errorType: (code) => code,
};

/** Smithy RPC v2 CBOR: timestamps as tag 1 with seconds, as RFC 8949 has it. */
export const RPC_V2_CBOR: Protocol = {
  ...CBOR_1_1,
  contentType: 'application/cbor',
  headers: { 'smithy-protocol': 'rpc-v2-cbor' },
  encode: (output) =>
    cbor.serialize(render(output, (v) => (v instanceof Date ? epoch(v.getTime() / 1000) : v))),
  timestamp: (value) => {
    const seconds = cborNumber(value);
    return seconds === undefined ? undefined : Math.round(seconds * 1000);
  },
  errorType: (code) => `com.amazonaws.kinesis#${code}`,
};

function decodeWith(body: Buffer, decode: (body: Buffer) => unknown): unknown {
  if (body.length === 0) return {};
  try {
    return decode(body);
  } catch (cause) {
    throw new KinesisFault('SerializationException', 'The request body cannot be read.', { cause });
  }
}

function epoch(value: number): unknown {
  return tag({ tag: 1, value });
}

function cborBytes(value: unknown): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

/** A number, bare or under a tag; 64-bit integers come as bigint. */
function cborNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'object' && value !== null && 'value' in value
    ? cborNumber(value.value)
    : undefined;
}

function jsonLeaf(value: Date | Uint8Array): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');
}

/** Leaves out undefined members and turns blobs and timestamps into what the protocol writes. */
function render(value: OutputValue, leaf: (value: Date | Uint8Array) => unknown): unknown {
  if (value instanceof Date || value instanceof Uint8Array) return leaf(value);
  if (Array.isArray(value)) return value.map((member) => render(member, leaf));
  if (typeof value !== 'object' || value === null) return value;
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) members[name] = render(member, leaf);
  }
  return members;
}
