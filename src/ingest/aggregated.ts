import { createHash } from 'node:crypto';
import { Reader, Writer } from 'protobufjs/minimal.js';
import { TidemarkError } from '../errors.ts';

/** One user record of an aggregated record; its place in the array is its sub-sequence. */
export interface UserRecord {
  partitionKey: string;
  explicitHashKey?: string;
  data: Uint8Array;
}

/**
 * What the bytes of a stream record are.
 * - `plain`: one user record, the bytes themselves
 * - `aggregated`: many user records that a Kinesis producer library packed into one
 * - `corrupt`: marked as aggregated, but not readable as such; to be quarantined whole
 */
export type Decoded =
  { kind: 'plain' } | { kind: 'aggregated'; records: UserRecord[] } | { kind: 'corrupt'; message: string };

// The frame: these four bytes, a protobuf message, the MD5 of the message.
const MAGIC = Uint8Array.of(0xf3, 0x89, 0x9a, 0xc2);
const DIGEST_BYTES = 16;

// AggregatedRecord and its Record, by wire tag (field number << 3 | wire type).
const KEY_TABLE = (1 << 3) | 2;
const HASH_KEY_TABLE = (2 << 3) | 2;
const RECORDS = (3 << 3) | 2;
const KEY_INDEX = 1 << 3;
const HASH_KEY_INDEX = 2 << 3;
const DATA = (3 << 3) | 2;

/**
 * Takes a stream record apart if it is an aggregated one.
 *
 * The format's own rule reads a record whose checksum does not match as a plain one. F3 89 9A C2 is not the start
 * of any UTF-8 text, so as a plain record it would be refused as unreadable; it is called `corrupt` here, which
 * says more. So is a record with the right checksum that is not the protobuf message, lacks a required field or
 * names a key that is not in its table: all of its user records are then in doubt, not some of them.
 */
export function decodeAggregated(data: Uint8Array): Decoded {
  if (!hasMagic(data)) return { kind: 'plain' };
  const end = data.length - DIGEST_BYTES;
  if (end < MAGIC.length) return corrupt(`${data.length} bytes are too few for an aggregated record`);
  const message = data.subarray(MAGIC.length, end);
  if (!digest(message).equals(data.subarray(end)))
    return corrupt('the checksum of the aggregated record is wrong');
  try {
    return decodeMessage(message);
  } catch (cause) {
    // The reader throws RangeError and Error for whatever is not protobuf; nothing else runs in there.
    return corrupt(`not a protobuf message: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/** Packs user records into one aggregated record, as producer libraries do. Keys are stored once. */
export function encodeAggregated(records: readonly UserRecord[]): Uint8Array {
  if (records.length === 0)
    throw new TidemarkError('invalid', 'An aggregated record needs at least one user record');
  const keys = new Map<string, number>();
  const hashKeys = new Map<string, number>();
  const indexOf = (table: Map<string, number>, key: string): number => {
    const index = table.get(key) ?? table.size;
    table.set(key, index);
    return index;
  };
  const body = new Writer();
  for (const { partitionKey, explicitHashKey, data } of records) {
    body.uint32(RECORDS).fork();
    body.uint32(KEY_INDEX).uint32(indexOf(keys, partitionKey));
    if (explicitHashKey !== undefined) body.uint32(HASH_KEY_INDEX).uint32(indexOf(hashKeys, explicitHashKey));
    body.uint32(DATA).bytes(data).ldelim();
  }
  const tables = new Writer();
  for (const key of keys.keys()) tables.uint32(KEY_TABLE).string(key);
  for (const key of hashKeys.keys()) tables.uint32(HASH_KEY_TABLE).string(key);
  const message = Buffer.concat([tables.finish(), body.finish()]);
  return Buffer.concat([MAGIC, message, digest(message)]);
}

function hasMagic(data: Uint8Array): boolean {
  return data[0] === MAGIC[0] && data[1] === MAGIC[1] && data[2] === MAGIC[2] && data[3] === MAGIC[3];
}

function digest(message: Uint8Array): Buffer {
  return createHash('md5').update(message).digest();
}

function corrupt(message: string): Decoded {
  return { kind: 'corrupt', message };
}

interface RawRecord {
  key: number | undefined;
  hashKey: number | undefined;
  data: Uint8Array | undefined;
}

function decodeMessage(message: Uint8Array): Decoded {
  const reader = new Reader(message);
  const keys: string[] = [];
  const hashKeys: string[] = [];
  const raw: RawRecord[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === KEY_TABLE) keys.push(reader.string());
    else if (tag === HASH_KEY_TABLE) hashKeys.push(reader.string());
    else if (tag === RECORDS) raw.push(decodeRecord(reader));
    else skip(reader, tag);
  }
  // The tables may stand after the records: indexes are looked up only now.
  const records: UserRecord[] = [];
  for (const { key, hashKey, data } of raw) {
    if (key === undefined || data === undefined)
      return corrupt(`user record ${records.length} has no key or no data`);
    const partitionKey = keys[key];
    const explicitHashKey = hashKey === undefined ? undefined : hashKeys[hashKey];
    if (partitionKey === undefined || (hashKey !== undefined && explicitHashKey === undefined)) {
      return corrupt(`user record ${records.length} names a key outside its table`);
    }
    records.push({ partitionKey, ...(explicitHashKey === undefined ? {} : { explicitHashKey }), data });
  }
  return { kind: 'aggregated', records };
}

function decodeRecord(reader: Reader): RawRecord {
  const end = reader.uint32() + reader.pos;
  if (end > reader.len) throw new RangeError('a user record is longer than its message');
  const record: RawRecord = { key: undefined, hashKey: undefined, data: undefined };
  while (reader.pos < end) {
    const tag = reader.uint32();
    // Read as 64 bits: cut to 32, an absurd index could come out as a valid one.
    if (tag === KEY_INDEX) record.key = Number(reader.uint64());
    else if (tag === HASH_KEY_INDEX) record.hashKey = Number(reader.uint64());
    else if (tag === DATA) record.data = reader.bytes();
    else skip(reader, tag);
  }
  if (reader.pos !== end) throw new RangeError('a user record does not end where it says');
  return record;
}

// Fields of later versions of the format, and the tags nobody reads, are passed over.
function skip(reader: Reader, tag: number): void {
  if (tag >>> 3 === 0) throw new RangeError('field number 0');
  reader.skipType(tag & 7);
}
