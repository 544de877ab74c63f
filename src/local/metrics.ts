import { openStore, type LocalDatabase, type Store } from '../adapters/local/database.ts';
import type { Committed } from '../commit/committer.ts';
import type { StepResult } from '../integrate/ports.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Freshness, TableState } from './state.ts';

/** Newest measurements a table keeps; each stands for the records of one intent. */
const WINDOW = 2_000;

interface Sample {
  ms: number;
  records: number;
}

/** Weighted percentiles of freshness. */
export function freshnessOf(samples: Sample[]): Freshness | undefined {
  const total = samples.reduce((n, s) => n + s.records, 0);
  if (total === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a.ms - b.ms);
  const at = (share: number): number => {
    let seen = 0;
    for (const sample of sorted) {
      seen += sample.records;
      if (seen >= share * total) return sample.ms;
    }
    return sorted.at(-1)!.ms;
  };
  return { p50: at(0.5), p99: at(0.99), samples: total };
}

interface StoredMetrics {
  freshness?: Freshness;
  lastMerge?: NonNullable<TableState['lastMerge']>;
}

/** What a running lakehouse measures about its tables; kept in the database so that `tidemark status` can read it. */
export class Metrics {
  readonly #stored: Store<StoredMetrics>;
  readonly #samples = new Map<string, Sample[]>();
  readonly #current = new Map<string, StoredMetrics>();
  readonly #dirty = new Set<string>();

  constructor(database: LocalDatabase) {
    this.#stored = openStore(database, 'metrics');
  }

  /** Half of an intent's records count from its first arrival, half from its last. */
  committed({ table, intents }: Committed, now: number): void {
    const key = tableKey(table.name);
    const samples = this.#samples.get(key) ?? [];
    for (const { counts, arrivedFrom, arrivedTo } of intents) {
      if (counts.written === 0) continue;
      const half = counts.written / 2;
      samples.push({ ms: now - arrivedFrom, records: half }, { ms: now - arrivedTo, records: half });
    }
    const kept = samples.slice(-WINDOW);
    this.#samples.set(key, kept);
    const freshness = freshnessOf(kept);
    if (freshness) this.#update(key, { freshness });
  }

  merged(name: TableName, result: StepResult, at: number, elapsedMs: number): void {
    if (result.changed === 0) return;
    this.#update(tableKey(name), {
      lastMerge: { at, read: result.read, changed: result.changed, elapsedMs },
    });
  }

  of(name: TableName): StoredMetrics {
    const key = tableKey(name);
    return this.#current.get(key) ?? this.#stored.get([key]) ?? {};
  }

  /** Writes what changed since the last call. */
  async flush(): Promise<void> {
    const keys = [...this.#dirty];
    this.#dirty.clear();
    await Promise.all(keys.map((key) => this.#stored.put([key], this.#current.get(key)!)));
  }

  #update(key: string, change: StoredMetrics): void {
    this.#current.set(key, { ...(this.#current.get(key) ?? this.#stored.get([key])), ...change });
    this.#dirty.add(key);
  }
}
