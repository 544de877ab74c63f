import { TidemarkError } from '../../../src/errors.ts';
import type { Catalog, CatalogEntry, SwapOutcome, TableName } from '../../../src/ports/catalog.ts';
import type { Claim, ClaimOutcome, Intent, Ledger, Position, ShardRef, ShardState } from '../../../src/ports/ledger.ts';
import type { ObjectStore } from '../../../src/ports/object-store.ts';

/** An object store that a test fills up. */
export class FaultyStore implements ObjectStore {
  /** Writes of URIs for which this is true fail as on a full disk. */
  full: (uri: string) => boolean = () => false;
  refused = 0;
  readonly #inner: ObjectStore;

  constructor(inner: ObjectStore) {
    this.#inner = inner;
  }

  async put(uri: string, bytes: Uint8Array): Promise<void> {
    this.#check(uri);
    return this.#inner.put(uri, bytes);
  }

  async putFile(uri: string, localPath: string): Promise<void> {
    this.#check(uri);
    return this.#inner.putFile(uri, localPath);
  }

  get(uri: string): Promise<Uint8Array> {
    return this.#inner.get(uri);
  }

  head(uri: string): Promise<{ size: number } | undefined> {
    return this.#inner.head(uri);
  }

  list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }> {
    return this.#inner.list(prefix);
  }

  delete(uri: string): Promise<void> {
    return Promise.reject(new TidemarkError('internal', `only maintenance deletes, and this is none: ${uri}`));
  }

  readable(uri: string): Promise<string> {
    return this.#inner.readable(uri);
  }

  #check(uri: string): void {
    if (!this.full(uri)) return;
    this.refused++;
    throw new TidemarkError('unavailable', `cannot write ${uri}: ENOSPC: no space left on device`);
  }
}

/** What the next swap does: `applied` and `lost` answer unknown, having taken effect or not; `conflict` did not. */
export type SwapFault = 'applied' | 'lost' | 'conflict';

/** A catalog whose answers get lost. */
export class FaultyCatalog implements Catalog {
  readonly faults: SwapFault[] = [];
  /** While true, the pointer cannot be read. */
  unreadable = false;
  swaps = 0;
  readonly #inner: Catalog;

  constructor(inner: Catalog) {
    this.#inner = inner;
  }

  load(name: TableName): Promise<CatalogEntry | undefined> {
    if (this.unreadable) return Promise.reject(new TidemarkError('unavailable', 'the catalog does not answer'));
    return this.#inner.load(name);
  }

  create(name: TableName, metadataLocation: string): Promise<SwapOutcome> {
    return this.#inner.create(name, metadataLocation);
  }

  async swap(name: TableName, expected: CatalogEntry, metadataLocation: string): Promise<SwapOutcome> {
    this.swaps++;
    const fault = this.faults.shift();
    if (fault === 'conflict') return { kind: 'conflict' };
    if (fault !== 'lost') {
      const outcome = await this.#inner.swap(name, expected, metadataLocation);
      if (fault === undefined || outcome.kind === 'conflict') return outcome;
    }
    return { kind: 'unknown', cause: new Error('the answer was lost') };
  }

  list(database?: string): Promise<TableName[]> {
    return this.#inner.list(database);
  }
}

/** What the next claim does: `applied` and `lost` throw, having taken effect or not. */
export type ClaimFault = 'applied' | 'lost';

/** A ledger whose answers get lost. */
export class FaultyLedger implements Ledger {
  readonly faults: ClaimFault[] = [];
  /** Effects for which this is true fail: the process ends between a claim and what follows it. */
  failEffects = false;
  readonly #inner: Ledger;

  constructor(inner: Ledger) {
    this.#inner = inner;
  }

  shard(ref: ShardRef): Promise<ShardState> {
    return this.#inner.shard(ref);
  }

  shards(stream: string): Promise<({ shard: string } & ShardState)[]> {
    return this.#inner.shards(stream);
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    const fault = this.faults.shift();
    if (fault !== 'lost') {
      const outcome = await this.#inner.claim(claim);
      if (fault === undefined || outcome.kind === 'conflict') return outcome;
    }
    throw new TidemarkError('unknown', 'the answer to a claim was lost');
  }

  effect(ref: ShardRef, to: Position): Promise<void> {
    if (this.failEffects) return Promise.reject(new TidemarkError('unavailable', 'the ledger does not answer'));
    return this.#inner.effect(ref, to);
  }

  intents(table: TableName, ref: ShardRef, from: Position, limit: number): Promise<Intent[]> {
    return this.#inner.intents(table, ref, from, limit);
  }

  intentShards(table: TableName): Promise<ShardRef[]> {
    return this.#inner.intentShards(table);
  }

  countAttempt(ref: ShardRef, first: Position): Promise<number> {
    return this.#inner.countAttempt(ref, first);
  }

  onClaim(listener: (tables: TableName[]) => void): () => void {
    return this.#inner.onClaim(listener);
  }
}
