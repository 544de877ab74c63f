import { commitPending, type Committed, type CommitterPorts } from '../src/commit/committer.ts';
import { tableKey, type TableName } from '../src/ports/catalog.ts';
import type { Intent } from '../src/ports/ledger.ts';
import type { CountingCatalog } from './counting-catalog.ts';
import { MetricName } from './metric-names.ts';
import type { Telemetry } from './telemetry.ts';

/** Ranges without rows only move the tidemark; they wait this long for company. */
const EMPTY_MS = 2_000;
/** Rounds over one table in one invocation; the sweep finds the rest. */
const ROUNDS = 20;

type Ports = CommitterPorts & { io: { catalog: CountingCatalog } };

const sum = (intents: Intent[], key: 'written' | 'filtered'): number =>
  intents.reduce((total, { counts }) => total + counts[key], 0);

/** Commits what is pending in some tables, side by side. */
export class CommitRound {
  readonly #ports: Ports;
  readonly #telemetry: Pick<Telemetry, 'measure'>;

  constructor(ports: Ports, telemetry: Pick<Telemetry, 'measure'>) {
    this.#ports = ports;
    this.#telemetry = telemetry;
  }

  /** Never throws for one table's sake: a wake-up is a hint, and another table's must not wait for it. */
  async run(tables: TableName[], { empty }: { empty: boolean }): Promise<void> {
    await Promise.all(tables.map((table) => this.#table(table, empty)));
  }

  async #table(table: TableName, empty: boolean): Promise<void> {
    const about = { table: tableKey(table) };
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const committed = await commitPending(this.#ports, table, (i) => empty || this.#worthwhile(i));
        if (!committed) break;
        this.#committed(about, committed);
      }
    } catch (error) {
      // The intents stay in the ledger; what is missing is derived from the table again.
      this.#ports.log.error('a commit failed; the next round tries it again', { ...about, error });
      this.#telemetry.measure(about, { [MetricName.failed]: 1 });
    }
    const conflicts = this.#ports.io.catalog.takeConflicts(table);
    if (conflicts > 0) this.#telemetry.measure(about, { [MetricName.conflicts]: conflicts });
  }

  #worthwhile(pending: Intent[]): boolean {
    if (pending.some((i) => i.file !== undefined)) return true;
    return this.#ports.io.clock.now() - Math.min(...pending.map((i) => i.claimedAt)) >= EMPTY_MS;
  }

  #committed(about: { table: string }, { intents }: Committed): void {
    const withRows = intents.filter((i) => i.file !== undefined);
    const oldest = Math.min(...withRows.map((i) => i.arrivedFrom));
    this.#telemetry.measure(about, {
      [MetricName.commits]: 1,
      [MetricName.written]: sum(intents, 'written'),
      [MetricName.filtered]: sum(intents, 'filtered'),
      // Only rows can be fresh: a commit without any says nothing.
      ...(withRows.length > 0 ? { [MetricName.freshness]: this.#ports.io.clock.now() - oldest } : {}),
    });
  }
}
