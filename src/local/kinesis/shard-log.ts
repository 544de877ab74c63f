import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TidemarkError } from '../../errors.ts';
import {
  frameLength,
  holdsLaterFrame,
  readFrame,
  writeFrame,
  type LogEntry,
  type LogRecord,
} from './frame.ts';
import { errorCode, syncDirectory, type LogFile, type OpenLogFile } from './log-file.ts';
import { corruptLog, Segment, segmentBase, segmentName, type Place } from './segment.ts';

export interface ShardLogSettings {
  /** A segment is sealed when the next group would make it longer than this. */
  segmentBytes: number;
  /** Whether a put waits for the disk. Without it a crash of the machine (not of the process) can lose records. */
  fsync: boolean;
  openLogFile: OpenLogFile;
}

/** Records that are written and made durable together: everything put while the group before was being written. */
interface Group {
  chunks: Buffer[];
  bytes: number;
  notes: { offset: number; counter: number; arrivedAt: number }[];
  next: number;
  done: Promise<void>;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** Within one put, a place for the index for this many bytes. */
const NOTE_BYTES = 64 * 1024;

/** Where to go on reading. */
export interface LogCursor {
  segment: Segment;
  place: Place;
}

/**
 * The records of one shard, in segments. Counters are consecutive, from 1. Readers see a record only when it is
 * durable: a record seen once is there after every crash, and no counter that was seen is ever given again.
 */
export class ShardLog {
  readonly directory: string;
  readonly #settings: ShardLogSettings;
  #segments: Segment[];
  #file: LogFile | undefined;
  /** The counter that the next appended record gets; ahead of the durable one while groups are under way. */
  #next: number;
  #waiting: Group | undefined;
  #writing: Promise<void> | undefined;
  /** The active file may hold bytes beyond its durable size, left by a failed write. */
  #dirty = false;
  /** A roll began and failed: the next segment may exist, so nothing may be added to this one. */
  #mustRoll = false;
  #pendingBytes = 0;
  #closed = false;

  private constructor(directory: string, segments: Segment[], settings: ShardLogSettings) {
    this.directory = directory;
    this.#segments = segments;
    this.#settings = settings;
    this.#next = this.#active.next;
  }

  /** Creates an empty log, removing what an interrupted creation may have left. */
  static async create(directory: string, settings: ShardLogSettings): Promise<ShardLog> {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    const log = new ShardLog(directory, [Segment.empty(directory, 1)], settings);
    log.#file = await settings.openLogFile(join(directory, segmentName(1)));
    await syncDirectory(dirname(directory));
    return log;
  }

  /**
   * Opens a log after a stop or a crash. An incomplete last record was never acknowledged: it is cut off. Throws kind
   * `corrupt` when records stand behind the damage, or when the log is not there.
   */
  static async open(directory: string, settings: ShardLogSettings): Promise<ShardLog> {
    const bases = await listBases(directory);
    const last = bases.at(-1);
    if (last === undefined) throw corruptLog(directory, 0, 'the log has no segment');
    const segments: Segment[] = [];
    for (const [i, base] of bases.slice(0, -1).entries()) {
      const { size } = await stat(join(directory, segmentName(base)));
      segments.push(new Segment(directory, base, size, bases[i + 1]!));
    }
    segments.push(await recoverSegment(directory, last, settings));
    return new ShardLog(directory, segments, settings);
  }

  get #active(): Segment {
    return this.#segments.at(-1)!;
  }

  /** The counter after the last durable record. */
  get next(): number {
    return this.#active.next;
  }

  /** The counter of the first record that is still held (or will be). */
  get first(): number {
    return this.#segments[0]!.base;
  }

  /** Bytes that are appended but not yet durable. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /**
   * Appends in order, copying the entries before it returns. The records have the counters from `first` on; `durable`
   * resolves when they are on the disk and rejects when none of them is in the log.
   */
  append(entries: readonly LogEntry[], arrivedAt: number): { first: number; durable: Promise<void> } {
    if (this.#closed) return { first: this.#next, durable: Promise.reject(closedLog(this.directory)) };
    const group = (this.#waiting ??= newGroup());
    const first = this.#next;
    const chunk = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + frameLength(entry), 0));
    let at = 0;
    let noted = -NOTE_BYTES;
    for (const entry of entries) {
      if (at - noted >= NOTE_BYTES) {
        group.notes.push({ offset: group.bytes + at, counter: this.#next, arrivedAt });
        noted = at;
      }
      at = writeFrame(chunk, at, { ...entry, counter: this.#next, arrivedAt });
      this.#next += 1;
    }
    group.chunks.push(chunk);
    group.bytes += chunk.length;
    group.next = this.#next;
    this.#pendingBytes += chunk.length;
    this.#writing ??= this.#work();
    return { first, durable: group.done };
  }

  /** Returns when nothing is being written any more. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Finishes the writes under way; whatever is appended later fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.settled();
    await this.#file?.close();
    this.#file = undefined;
    for (const segment of this.#segments) await segment.rest();
  }

  /** The place of the record `counter`, or of the first record still held when that one is gone. */
  async seek(counter: number): Promise<LogCursor> {
    const wanted = Math.max(counter, this.first);
    const segment = this.#segments.findLast((s) => s.base <= wanted)!;
    const place = await segment.before(wanted);
    if (place.counter >= wanted) return { segment, place };
    return { segment, place: await segment.visit(place, 64 * 1024, (_, at) => at.counter < wanted) };
  }

  /** The counter of the first record that arrived at or after `time`; the next counter when none did. */
  async firstSince(time: number): Promise<number> {
    for (const segment of [...this.#segments]) {
      const place = await segment.beforeTime(time);
      if (place === undefined) continue;
      return (await segment.visit(place, 64 * 1024, (_, at) => at.arrivedAt < time)).counter;
    }
    return this.next;
  }

  /**
   * Visits durable records from `cursor` on until `visit` returns false, and returns where to go on. Throws kind
   * `corrupt` on damage. A cursor into a removed segment goes on with the first record still held.
   */
  async visit(
    cursor: LogCursor,
    chunkBytes: number,
    visit: (record: () => LogRecord) => boolean,
  ): Promise<LogCursor> {
    let { segment, place } = cursor;
    let open = true as boolean;
    const step = (record: () => LogRecord): boolean => (open = visit(record));
    for (;;) {
      if (!this.#segments.includes(segment)) ({ segment, place } = await this.seek(place.counter));
      try {
        place = await segment.visit(place, chunkBytes, step);
      } catch (error) {
        if (errorCode(error) === 'ENOENT' && !this.#segments.includes(segment)) continue;
        throw error;
      }
      if (!open || segment === this.#active || place.counter < segment.next) return { segment, place };
      segment = this.#segments.find((s) => s.base >= place.counter) ?? this.#active;
      place = { offset: 0, counter: segment.base };
    }
  }

  /** Removes the segments all of whose records arrived before `horizon`; returns how many. */
  async trim(horizon: number): Promise<number> {
    let removed = 0;
    await this.#exclusively(async () => {
      const last = await this.#active.lastArrival();
      if (last !== undefined && last < horizon) await this.#roll();
      while (this.#segments.length > 1) {
        const oldest = this.#segments[0]!;
        const arrival = await oldest.lastArrival();
        if (arrival !== undefined && arrival >= horizon) break;
        this.#segments = this.#segments.slice(1);
        await oldest.remove();
        removed += 1;
      }
    });
    return removed;
  }

  /** Runs `job` while no group is being written. */
  async #exclusively(job: () => Promise<void>): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#closed) return;
    const done = withResolvers();
    this.#writing = this.#work(() => job().then(done.resolve, done.reject));
    await done.promise;
  }

  /** Does `job`, then writes groups until none waits. Never rejects: each group tells its own waiters. */
  async #work(job?: () => Promise<void>): Promise<void> {
    // Puts of the same turn of the event loop share a group.
    await Promise.resolve();
    try {
      await job?.();
      for (let group = this.#waiting; group !== undefined; group = this.#waiting) {
        this.#waiting = undefined;
        await this.#writeGroup(group);
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeGroup(group: Group): Promise<void> {
    try {
      const full = this.#active.size > 0 && this.#active.size + group.bytes > this.#settings.segmentBytes;
      if (full || this.#mustRoll) await this.#roll();
      const segment = this.#active;
      const file = (this.#file ??= await this.#settings.openLogFile(segment.path));
      if (this.#dirty) await file.truncate(segment.size);
      this.#dirty = true;
      await file.write(
        group.chunks.length === 1 ? group.chunks[0]! : Buffer.concat(group.chunks),
        segment.size,
      );
      if (this.#settings.fsync) await file.datasync();
      this.#dirty = false;
      for (const note of group.notes) segment.note(segment.size + note.offset, note.counter, note.arrivedAt);
      segment.size += group.bytes;
      segment.next = group.next;
      this.#pendingBytes -= group.bytes;
      group.resolve();
    } catch (error) {
      this.#abandon(group, error);
    }
  }

  /** The failed group and those behind it have counters that must be given again: none of them is in the log. */
  #abandon(failed: Group, error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#next = this.#active.next;
    this.#pendingBytes = 0;
    failed.reject(error);
    waiting?.reject(error);
  }

  /** Seals the active segment and begins the next one. */
  async #roll(): Promise<void> {
    const sealed = this.#active;
    const file = (this.#file ??= await this.#settings.openLogFile(sealed.path));
    if (this.#dirty) {
      await file.truncate(sealed.size);
      this.#dirty = false;
    }
    // A sealed segment must be whole before the next one exists: recovery looks only at the last one.
    await file.datasync();
    const fresh = Segment.empty(this.directory, sealed.next);
    this.#mustRoll = true;
    const opened = await this.#settings.openLogFile(fresh.path);
    this.#segments = [...this.#segments, fresh];
    this.#file = opened;
    this.#mustRoll = false;
    await file.close();
  }
}

function closedLog(directory: string): TidemarkError {
  return new TidemarkError('unavailable', `the log ${directory} is closed`, { context: { directory } });
}

function newGroup(): Group {
  const { promise, resolve, reject } = withResolvers();
  return { chunks: [], bytes: 0, notes: [], next: 0, done: promise, resolve, reject };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

async function listBases(directory: string): Promise<number[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
    throw corruptLog(directory, 0, 'the log is not there');
  }
  return names.flatMap((name) => segmentBase(name) ?? []).sort((a, b) => a - b);
}

/** Reads the last segment whole, and cuts off what an interrupted write left at its end. */
async function recoverSegment(directory: string, base: number, settings: ShardLogSettings): Promise<Segment> {
  const segment = Segment.empty(directory, base);
  const bytes = await readFile(segment.path);
  let at = 0;
  let counter = base;
  for (;;) {
    const frame = readFrame(bytes, at);
    if (frame.kind !== 'frame' || frame.counter !== counter) break;
    segment.note(at, counter, frame.arrivedAt);
    at = frame.end;
    counter += 1;
  }
  segment.size = at;
  segment.next = counter;
  if (at === bytes.length) return segment;
  const tail = bytes.subarray(at);
  if (holdsLaterFrame(tail, base, counter + tail.length)) {
    const found = readFrame(bytes, at);
    throw corruptLog(segment.path, at, found.kind === 'bad' ? found.reason : 'a record is missing or cut');
  }
  const file = await settings.openLogFile(segment.path);
  try {
    await file.truncate(at);
    await file.datasync();
  } finally {
    await file.close();
  }
  return segment;
}
