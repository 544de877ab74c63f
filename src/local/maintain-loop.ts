import { openStore, type LocalDatabase, type Store } from '../adapters/local/database.ts';
import type { Plan } from '../definition/plan.ts';
import { quarantineTable, realtimeTable, tablesOf } from '../definition/tables.ts';
import { cleanTable, forgetIntents, type CleanPorts, type UnreferencedLog } from '../operate/clean.ts';
import { compactTable, type CompactionPorts } from '../operate/compact.ts';
import type { Log } from '../ports/log.ts';

const COMPACT_EVERY_MS = 5_000;
const CLEAN_EVERY_MS = 60_000;
/** No query here runs longer than a minute, and a second process reads the tables for as long as one query. */
const KEEP_MS = 5 * 60_000;

/** How long the ledger remembers what became of a range. */
const INTENTS_MS = 7 * 24 * 3_600_000;

/** Notes in the embedded database since when objects are unnamed. */
export class LocalUnreferencedLog implements UnreferencedLog {
  readonly #stored: Store<[string, number][]>;

  constructor(database: LocalDatabase) {
    this.#stored = openStore(database, 'unreferenced');
  }

  all(table: string): Promise<Map<string, number>> {
    return Promise.resolve(new Map(this.#stored.get([table])));
  }

  async set(table: string, since: Map<string, number>): Promise<void> {
    await this.#stored.put([table], [...since]);
  }
}

/** Keeps the number of files bounded while the lakehouse runs: merges small ones, deletes what nothing names. */
export class MaintainLoop {
  readonly #plan: Plan;
  readonly #ports: CompactionPorts & CleanPorts;
  readonly #warehouse: string;
  readonly #log: Log;
  #cleanedAt: number;

  constructor(plan: Plan, ports: CompactionPorts & CleanPorts, warehouse: string, log: Log) {
    this.#plan = plan;
    this.#ports = ports;
    this.#warehouse = warehouse;
    this.#log = log;
    this.#cleanedAt = ports.io.clock.now();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports.io;
    const ended = (): boolean => signal.aborted;
    while (!ended()) {
      await clock.sleep(COMPACT_EVERY_MS, signal);
      if (!ended()) await this.#once(signal);
    }
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { io } = this.#ports;
    try {
      const names = [
        ...this.#plan.realtime.map((t) => realtimeTable(this.#plan, t.name)),
        quarantineTable(this.#plan),
      ];
      for (const name of names)
        while (!signal.aborted && (await compactTable(this.#ports, name)).outcome === 'committed') continue;
      if (io.clock.now() - this.#cleanedAt < CLEAN_EVERY_MS) return;
      this.#cleanedAt = io.clock.now();
      for (const name of names) await forgetIntents(this.#ports, name, io.clock.now() - INTENTS_MS);
      for (const { name } of tablesOf(this.#plan)) {
        const staged = `${this.#warehouse}_staged/${name.database}/${name.table}/`;
        await cleanTable(this.#ports, name, { keepMs: KEEP_MS, prefixes: [staged] });
      }
    } catch (error) {
      // Nothing depends on maintenance; the next round looks again.
      this.#log.warn('maintenance failed; it will be tried again', { error });
    }
  }
}
