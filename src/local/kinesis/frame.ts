import { crc32 } from 'node:zlib';

/*
 * One record in a segment file, little-endian:
 *   4: length of the payload | 4: CRC-32 of the payload | payload
 *   payload = 6: counter | 6: arrival in milliseconds since 1970 | 2: length of the key | key (UTF-8) | data
 */
const PREFIX = 8;
const FIXED = 14;

/** Bytes of a frame besides key and data. */
export const FRAME_OVERHEAD = PREFIX + FIXED;
/** No payload is longer: the largest record that a stream can allow, with room for the key. */
export const MAX_PAYLOAD = 11 * 1024 * 1024;

/** A record as it stands in a log: everything but the sequence number, which follows from shard, counter and arrival. */
export interface LogRecord {
  counter: number;
  arrivedAt: number;
  partitionKey: string;
  data: Uint8Array;
}

/** What is to be logged. */
export interface LogEntry {
  partitionKey: string;
  data: Uint8Array;
}

export function frameLength(entry: LogEntry): number {
  return FRAME_OVERHEAD + Buffer.byteLength(entry.partitionKey) + entry.data.byteLength;
}

/** Writes one frame at `at` and returns where the next one begins. */
export function writeFrame(target: Buffer, at: number, record: LogRecord): number {
  const payload = at + PREFIX;
  target.writeUIntLE(record.counter, payload, 6);
  target.writeUIntLE(record.arrivedAt, payload + 6, 6);
  const keyLength = target.write(record.partitionKey, payload + FIXED, 'utf8');
  target.writeUInt16LE(keyLength, payload + 12);
  target.set(record.data, payload + FIXED + keyLength);
  const end = payload + FIXED + keyLength + record.data.byteLength;
  target.writeUInt32LE(end - payload, at);
  target.writeUInt32LE(crc32(target.subarray(payload, end)), at + 4);
  return end;
}

/** `short`: the buffer ends before the frame does; `bytes` is how many the frame needs, as far as can be told. */
export type FrameRead =
  | { kind: 'frame'; end: number; counter: number; arrivedAt: number }
  | { kind: 'short'; bytes: number }
  | { kind: 'bad'; reason: string };

/** Checks the frame at `at`. Key and data are taken out by `frameRecord`, so that skipping costs no copies. */
export function readFrame(source: Buffer, at: number): FrameRead {
  if (at + PREFIX > source.length) return { kind: 'short', bytes: PREFIX };
  const length = source.readUInt32LE(at);
  if (length < FIXED || length > MAX_PAYLOAD) return { kind: 'bad', reason: `impossible length ${length}` };
  const payload = at + PREFIX;
  const end = payload + length;
  if (end > source.length) return { kind: 'short', bytes: PREFIX + length };
  if (source.readUInt16LE(payload + 12) > length - FIXED)
    return { kind: 'bad', reason: 'impossible key length' };
  if (crc32(source.subarray(payload, end)) !== source.readUInt32LE(at + 4)) {
    return { kind: 'bad', reason: 'checksum mismatch' };
  }
  return {
    kind: 'frame',
    end,
    counter: source.readUIntLE(payload, 6),
    arrivedAt: source.readUIntLE(payload + 6, 6),
  };
}

/** The record of a frame that `readFrame` found sound. The data is a view of `source`, not a copy. */
export function frameRecord(
  source: Buffer,
  at: number,
  frame: { end: number; counter: number; arrivedAt: number },
): LogRecord {
  const key = at + FRAME_OVERHEAD;
  const data = key + source.readUInt16LE(at + PREFIX + 12);
  return {
    counter: frame.counter,
    arrivedAt: frame.arrivedAt,
    partitionKey: source.toString('utf8', key, data),
    data: source.subarray(data, frame.end),
  };
}

/**
 * True when a sound frame with a counter in [`from`, `to`] begins anywhere in `tail` after its first byte: then what
 * precedes it was not the end of the log.
 */
export function holdsLaterFrame(tail: Buffer, from: number, to: number): boolean {
  for (let at = 1; at + FRAME_OVERHEAD <= tail.length; at++) {
    // The counter is tried before the checksum: a checksum at every offset would take quadratic time.
    const length = tail.readUInt32LE(at);
    if (length < FIXED || length > MAX_PAYLOAD) continue;
    const counter = tail.readUIntLE(at + PREFIX, 6);
    if (counter < from || counter > to) continue;
    if (readFrame(tail, at).kind === 'frame') return true;
  }
  return false;
}
