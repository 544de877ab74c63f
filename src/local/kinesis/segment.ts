import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { TidemarkError } from '../../errors.ts';
import { frameRecord, readFrame, type LogRecord } from './frame.ts';

/** One entry of the sparse index for about this many bytes of log. */
const INDEX_BYTES = 64 * 1024;
const SCAN_BYTES = 1024 * 1024;

interface IndexEntry {
  offset: number;
  counter: number;
  /** The latest arrival of the records from here to the next entry: clocks may step back. */
  maxArrival: number;
}

/** A place in a segment where a frame begins, or its end. `counter` is the record that stands or will stand there. */
export interface Place {
  offset: number;
  counter: number;
}

/** One file of a shard's log, named by the counter of its first record. Sealed segments are never written again. */
export class Segment {
  readonly path: string;
  readonly base: number;
  /** Durable bytes and the counter after the last durable record: what readers may see. */
  size: number;
  next: number;
  #index: IndexEntry[] = [];
  #indexed: Promise<void> | undefined;
  #readers = 0;
  #handle: Promise<FileHandle> | undefined;

  constructor(directory: string, base: number, size: number, next: number) {
    this.path = join(directory, segmentName(base));
    this.base = base;
    this.size = size;
    this.next = next;
  }

  /** A segment that starts empty needs no scan to be indexed. */
  static empty(directory: string, base: number): Segment {
    const segment = new Segment(directory, base, 0, base);
    segment.#indexed = Promise.resolve();
    return segment;
  }

  /** Notes durable records: `counter` and those that follow it begin at `offset` and arrived at `arrivedAt`. */
  note(offset: number, counter: number, arrivedAt: number): void {
    const last = this.#index.at(-1);
    if (last === undefined || offset - last.offset >= INDEX_BYTES) {
      this.#index.push({ offset, counter, maxArrival: arrivedAt });
    } else if (arrivedAt > last.maxArrival) {
      last.maxArrival = arrivedAt;
    }
  }

  /** The indexed place at or before the record `counter`. */
  async before(counter: number): Promise<Place> {
    await this.#ensureIndex();
    let low = 0;
    let high = this.#index.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#index[middle]!.counter <= counter) low = middle;
      else high = middle - 1;
    }
    const entry = this.#index[low];
    return entry === undefined
      ? { offset: 0, counter: this.base }
      : { offset: entry.offset, counter: entry.counter };
  }

  /** The indexed place from which on the first record that arrived at or after `time` stands, if any does. */
  async beforeTime(time: number): Promise<Place | undefined> {
    await this.#ensureIndex();
    const entry = this.#index.find((e) => e.maxArrival >= time);
    return entry === undefined ? undefined : { offset: entry.offset, counter: entry.counter };
  }

  /** The latest arrival of any record here; undefined when there is none. */
  async lastArrival(): Promise<number | undefined> {
    await this.#ensureIndex();
    return this.#index.length === 0 ? undefined : Math.max(...this.#index.map((e) => e.maxArrival));
  }

  /**
   * Visits the records from `from` on, reading `chunkBytes` at a time, until `visit` returns false; returns where the
   * next record to visit stands. Throws kind `corrupt` on damage.
   */
  async visit(
    from: Place,
    chunkBytes: number,
    visit: (record: () => LogRecord, at: FrameAt) => boolean,
  ): Promise<Place> {
    const end = this.size;
    const last = this.next;
    let { offset, counter } = from;
    let wanted = chunkBytes;
    const handle = await this.#acquire();
    try {
      while (offset < end) {
        const chunk = await this.#readChunk(handle, offset, Math.min(wanted, end - offset));
        let at = 0;
        wanted = chunkBytes;
        while (at < chunk.length) {
          const frame = readFrame(chunk, at);
          if (frame.kind === 'short' && offset + at + frame.bytes <= end) {
            wanted = Math.max(chunkBytes, frame.bytes);
            break;
          }
          if (frame.kind !== 'frame') {
            throw this.#corrupt(
              offset + at,
              frame.kind === 'bad' ? frame.reason : 'the log ends inside a record',
            );
          }
          if (frame.counter !== counter) {
            throw this.#corrupt(offset + at, `record ${frame.counter} stands where ${counter} belongs`);
          }
          const start = at;
          const place = { offset: offset + at, counter, arrivedAt: frame.arrivedAt };
          if (!visit(() => frameRecord(chunk, start, frame), place)) return { offset: offset + at, counter };
          at = frame.end;
          counter += 1;
        }
        offset += at;
      }
    } finally {
      await this.#release();
    }
    if (counter !== last) throw this.#corrupt(end, `the records from ${counter} to ${last - 1} are missing`);
    return { offset, counter };
  }

  /** Removes the file; reads that are under way finish. */
  async remove(): Promise<void> {
    await unlink(this.path);
  }

  /** Lets go of the file until somebody reads again. */
  async rest(): Promise<void> {
    if (this.#readers > 0 || this.#handle === undefined) return;
    const handle = this.#handle;
    this.#handle = undefined;
    await (await handle).close();
  }

  async #ensureIndex(): Promise<void> {
    this.#indexed ??= this.#buildIndex();
    try {
      await this.#indexed;
    } catch (error) {
      this.#indexed = undefined;
      throw error;
    }
  }

  async #buildIndex(): Promise<void> {
    this.#index = [];
    await this.visit({ offset: 0, counter: this.base }, SCAN_BYTES, (_, at) => {
      this.note(at.offset, at.counter, at.arrivedAt);
      return true;
    });
  }

  async #readChunk(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(chunk, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw this.#corrupt(offset + filled, 'the file is shorter than it was');
      filled += bytesRead;
    }
    return chunk;
  }

  async #acquire(): Promise<FileHandle> {
    this.#readers += 1;
    this.#handle ??= open(this.path, 'r');
    try {
      return await this.#handle;
    } catch (error) {
      this.#readers -= 1;
      this.#handle = undefined;
      throw error;
    }
  }

  async #release(): Promise<void> {
    this.#readers -= 1;
    await this.rest();
  }

  #corrupt(offset: number, reason: string): TidemarkError {
    return corruptLog(this.path, offset, reason);
  }
}

/** Where a visited record stands. */
export interface FrameAt extends Place {
  arrivedAt: number;
}

export function segmentName(base: number): string {
  return `${String(base).padStart(16, '0')}.log`;
}

/** The counter of the first record of the segment file `name`, or undefined when it is none. */
export function segmentBase(name: string): number | undefined {
  return /^\d{16}\.log$/.test(name) ? Number(name.slice(0, 16)) : undefined;
}

export function corruptLog(file: string, offset: number, reason: string): TidemarkError {
  return new TidemarkError('corrupt', `${file} is damaged at offset ${offset}: ${reason}`, {
    context: { file, offset, reason },
    remedy: 'Keep the file, restore it from a copy, or delete the stream and load it again.',
  });
}
