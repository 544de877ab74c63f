import { TidemarkError } from '../../../src/errors.ts';
import { tableKey } from '../../../src/ports/catalog.ts';
import type { Catalog, CatalogEntry, SwapOutcome, TableName } from '../../../src/ports/catalog.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';
import type { Random } from '../../../src/ports/random.ts';
import { ManifestCache } from '../../../src/iceberg/index.ts';
import type { TableIo } from '../../../src/iceberg/index.ts';

/** Objects in a map, with counters. */
export class MemoryStore implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>();
  puts = 0;
  gets = 0;
  bytesPut = 0;
  /** Answers the next put of a path that contains this with `unknown`, after or instead of storing it. */
  failPut: { part: string; stored: boolean } | undefined;

  async put(uri: string, bytes: Uint8Array): Promise<void> {
    await Promise.resolve();
    this.puts += 1;
    this.bytesPut += bytes.length;
    const fault = this.failPut && uri.includes(this.failPut.part) ? this.failPut : undefined;
    if (fault) this.failPut = undefined;
    if (!fault || fault.stored) {
      if (this.objects.has(uri)) throw new TidemarkError('conflict', `${uri} exists`);
      this.objects.set(uri, bytes);
    }
    if (fault) throw new TidemarkError('unknown', 'the answer was lost');
  }

  putFile(): Promise<void> {
    return Promise.reject(new TidemarkError('internal', 'no files here'));
  }

  async get(uri: string): Promise<Uint8Array> {
    await Promise.resolve();
    this.gets += 1;
    const bytes = this.objects.get(uri);
    if (!bytes) throw new TidemarkError('notFound', uri);
    return bytes;
  }

  async head(uri: string): Promise<{ size: number } | undefined> {
    await Promise.resolve();
    const bytes = this.objects.get(uri);
    return bytes && { size: bytes.length };
  }

  async *list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }> {
    await Promise.resolve();
    for (const [uri, bytes] of this.objects) {
      if (uri.startsWith(prefix)) yield { uri, size: bytes.length, modifiedAt: 0 };
    }
  }

  delete(): Promise<void> {
    return Promise.reject(new TidemarkError('internal', 'the commit path must never delete'));
  }

  readable(): Promise<string> {
    return Promise.reject(new TidemarkError('internal', 'no files here'));
  }
}

/**
 * What the next swap does.
 * - `applied` / `lost`: answers unknown, having taken effect or not
 * - `delayed`: answers unknown and takes effect when `land` is called, if the version still allows it
 */
export type Fault = 'conflict' | 'applied' | 'lost' | 'delayed';

/** Pointers in a map, with a version counter and faults. */
export class MemoryCatalog implements Catalog {
  readonly pointers = new Map<string, CatalogEntry & { name: TableName }>();
  readonly faults: Fault[] = [];
  loads = 0;
  swaps = 0;
  /** Loads that fail before one succeeds again. */
  failLoads = 0;
  #version = 0;
  #delayed: (() => void)[] = [];

  async load(name: TableName): Promise<CatalogEntry | undefined> {
    await Promise.resolve();
    this.loads += 1;
    if (this.failLoads > 0) {
      this.failLoads -= 1;
      throw new TidemarkError('unavailable', 'the catalog is down');
    }
    const found = this.pointers.get(tableKey(name));
    return found && { metadataLocation: found.metadataLocation, version: found.version };
  }

  async create(name: TableName, metadataLocation: string): Promise<SwapOutcome> {
    await Promise.resolve();
    return this.#act(() => {
      if (this.pointers.has(tableKey(name))) return false;
      this.#point(name, metadataLocation);
      return true;
    });
  }

  async swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome> {
    await Promise.resolve();
    this.swaps += 1;
    return this.#act(() => {
      if (this.pointers.get(tableKey(name))?.version !== expected.version) return false;
      this.#point(name, metadataLocation);
      return true;
    });
  }

  /** A writer that ignores versions, as Trino's ALTER TABLE does. */
  overwrite(name: TableName, metadataLocation: string): void {
    this.#point(name, metadataLocation);
  }

  /** Delivers the delayed requests. */
  land(): void {
    for (const act of this.#delayed.splice(0)) act();
  }

  async list(database?: string): Promise<TableName[]> {
    await Promise.resolve();
    const names = [...this.pointers.values()].map((pointer) => pointer.name);
    return names.filter((name) => database === undefined || name.database === database);
  }

  #act(apply: () => boolean): SwapOutcome {
    const fault = this.faults.shift();
    if (fault === 'conflict') return { kind: 'conflict' };
    if (fault === 'delayed') this.#delayed.push(() => void apply());
    if (fault === 'applied') apply();
    if (fault) return { kind: 'unknown', cause: new Error(`injected: ${fault}`) };
    return apply() ? { kind: 'committed' } : { kind: 'conflict' };
  }

  #point(name: TableName, metadataLocation: string): void {
    this.#version += 1;
    this.pointers.set(tableKey(name), { name, metadataLocation, version: String(this.#version) });
  }
}

/** A clock that moves only when told, or by sleeping. */
export class ManualClock implements Clock {
  ms: number;
  /** Called after each sleep. */
  onSleep: (() => void) | undefined;

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.ms = start;
  }

  now(): number {
    return this.ms;
  }

  async sleep(ms: number): Promise<void> {
    await Promise.resolve();
    this.ms += ms;
    this.onSleep?.();
  }
}

/** A small generator (xorshift64*), the same numbers for the same seed. */
export class SeededRandom implements Random {
  #state: bigint;

  constructor(seed = 1n) {
    this.#state = seed * 0x9e3779b97f4a7c15n + 1n;
  }

  next(): number {
    return Number(this.#bits() >> 11n) / 2 ** 53;
  }

  uuid(): string {
    const hex = this.#bits().toString(16).padStart(16, '0') + this.#bits().toString(16).padStart(16, '0');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  int63(): bigint {
    return (this.#bits() >> 1n) | 1n;
  }

  #bits(): bigint {
    let x = this.#state;
    x ^= x >> 12n;
    x = BigInt.asUintN(64, x ^ (x << 25n));
    x ^= x >> 27n;
    this.#state = x;
    return BigInt.asUintN(64, x * 0x2545f4914f6cdd1dn);
  }
}

export interface MemoryIo extends TableIo {
  store: MemoryStore;
  catalog: MemoryCatalog;
  clock: ManualClock;
  random: SeededRandom;
  cache: ManifestCache;
}

export function memoryIo(seed = 1n): MemoryIo {
  return {
    store: new MemoryStore(),
    catalog: new MemoryCatalog(),
    clock: new ManualClock(),
    random: new SeededRandom(seed),
    cache: new ManifestCache(),
  };
}
