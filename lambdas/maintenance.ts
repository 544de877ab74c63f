import type { Plan } from '../src/definition/plan.ts';
import { quarantineTable, realtimeTable, tablesOf } from '../src/definition/tables.ts';
import { cleanTable, forgetIntents, type CleanPorts } from '../src/operate/clean.ts';
import { compactTable, type CompactionPorts } from '../src/operate/compact.ts';
import { tableKey, type TableName } from '../src/ports/catalog.ts';
import type { Log } from '../src/ports/log.ts';

/** How long the ledger remembers what became of a range. */
const INTENTS_MS = 7 * 24 * 3_600_000;

export interface MaintenanceSettings {
  plan: Plan;
  warehouse: string;
  keepMs: number;
  ports: CompactionPorts & CleanPorts;
  log: Log;
  /** No new work after this, milliseconds since 1970; what is left waits for the next round. */
  until: number;
}

/** One round of maintenance. A table whose turn fails does not keep the others from theirs. */
export class Maintenance {
  readonly #settings: MaintenanceSettings;
  readonly #streamed: TableName[];

  constructor(settings: MaintenanceSettings) {
    const { plan } = settings;
    this.#settings = settings;
    this.#streamed = [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)];
  }

  /** Merges small files of the tables that streams are written to. */
  async compact(): Promise<void> {
    const { ports } = this.#settings;
    for (const name of this.#streamed)
      await this.#turn('compaction', name, async () => {
        while (this.#hasTime() && (await compactTable(ports, name)).outcome === 'committed') continue;
      });
  }

  /** Forgets intents that tables contain, and deletes objects that nothing has named for long. */
  async clean(): Promise<void> {
    const { plan, ports, warehouse, keepMs, log } = this.#settings;
    const before = ports.io.clock.now() - INTENTS_MS;
    for (const name of this.#streamed)
      await this.#turn('forgetting intents', name, async () => {
        await forgetIntents(ports, name, before);
      });
    for (const { name } of tablesOf(plan))
      await this.#turn('cleaning', name, async () => {
        const staged = `${warehouse}_staged/${name.database}/${name.table}/`;
        const deleted = await cleanTable(ports, name, { keepMs, prefixes: [staged] });
        log.info('cleaned', { table: tableKey(name), deleted });
      });
  }

  #hasTime(): boolean {
    return this.#settings.ports.io.clock.now() < this.#settings.until;
  }

  async #turn(what: string, name: TableName, work: () => Promise<void>): Promise<void> {
    if (!this.#hasTime()) return;
    try {
      await work();
    } catch (error) {
      this.#settings.log.warn(`${what} failed; the next round tries it again`, {
        table: tableKey(name),
        error,
      });
    }
  }
}
