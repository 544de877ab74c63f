import { openStore, type LocalDatabase, type Store } from '../adapters/local/database.ts';
import type { Clock } from '../ports/clock.ts';

/** Span over which a rate is taken, milliseconds. */
const SPAN_MS = 5_000;

/** Records claimed by stream: a total over restarts, and a rate. */
export class Counters {
  readonly #clock: Clock;
  readonly #stored: Store<number>;
  readonly #totals = new Map<string, number>();
  readonly #recent = new Map<string, { at: number; count: number }[]>();

  constructor(database: LocalDatabase, clock: Clock) {
    this.#clock = clock;
    this.#stored = openStore(database, 'counters');
  }

  add(stream: string, count: number): void {
    this.#totals.set(stream, this.total(stream) + count);
    const now = this.#clock.now();
    const recent = (this.#recent.get(stream) ?? []).filter((r) => r.at > now - SPAN_MS);
    this.#recent.set(stream, [...recent, { at: now, count }]);
  }

  total(stream: string): number {
    return this.#totals.get(stream) ?? this.#stored.get([stream]) ?? 0;
  }

  perSecond(stream: string): number {
    const from = this.#clock.now() - SPAN_MS;
    const recent = (this.#recent.get(stream) ?? []).filter((r) => r.at > from);
    return recent.reduce((n, r) => n + r.count, 0) / (SPAN_MS / 1000);
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#totals].map(([stream, total]) => this.#stored.put([stream], total)));
  }
}
