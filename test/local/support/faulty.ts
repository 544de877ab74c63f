import { TidemarkError } from '../../../src/errors.ts';
import type { Catalog, CatalogEntry, SwapOutcome, TableName } from '../../../src/ports/catalog.ts';
import type { Claim, ClaimOutcome, Ledger, Position, ShardRef } from '../../../src/ports/ledger.ts';
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
    return Promise.reject(
      new TidemarkError('internal', `only maintenance deletes, and this is none: ${uri}`),
    );
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
    if (this.unreadable)
      return Promise.reject(new TidemarkError('unavailable', 'the catalog does not answer'));
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
export interface FaultyLedger extends Ledger {
  faults: ClaimFault[];
  /** While true, effects cannot be noted: the process ends between a claim and what follows it. */
  failEffects: boolean;
}

/** Every method of an adapter as a function of its own, so that single ones can be replaced. */
function methodsOf<T extends object>(adapter: T): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(adapter)).filter((n) => n !== 'constructor');
  const bound = names.map((name) => {
    const method: unknown = Reflect.get(adapter, name);
    return [name, typeof method === 'function' ? (method.bind(adapter) as unknown) : method];
  });
  return Object.fromEntries(bound) as T;
}

export function faultyLedger(inner: Ledger): FaultyLedger {
  const ledger: FaultyLedger = {
    ...methodsOf(inner),
    faults: [],
    failEffects: false,
    claim: async (claim: Claim): Promise<ClaimOutcome> => {
      const fault = ledger.faults.shift();
      if (fault !== 'lost') {
        const outcome = await inner.claim(claim);
        if (fault === undefined || outcome.kind === 'conflict') return outcome;
      }
      throw new TidemarkError('unknown', 'the answer to a claim was lost');
    },
    effect: (ref: ShardRef, to: Position): Promise<void> =>
      ledger.failEffects
        ? Promise.reject(new TidemarkError('unavailable', 'the ledger does not answer'))
        : inner.effect(ref, to),
  };
  return ledger;
}
