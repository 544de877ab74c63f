import { commitPending, type Committed, type CommitterPorts } from '../commit/committer.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Intent } from '../ports/ledger.ts';

/** A sweep finds what a missed wake-up left. */
const SWEEP_MS = 1_000;
/** Ranges without rows only move the tidemark; they wait this long for company. */
const EMPTY_MS = 2_000;
const RETRY_MS = 500;

/**
 * Commits one table's intents: woken by claims, swept each second. A failure of this table's commits concerns no other.
 */
export class CommitLoop {
  readonly #name: TableName;
  readonly #ports: CommitterPorts;
  readonly #onCommit: (committed: Committed) => void;
  #wake: (() => void) | undefined;
  #woken = false;
  #failing = false;

  constructor(name: TableName, ports: CommitterPorts, onCommit: (committed: Committed) => void) {
    this.#name = name;
    this.#ports = ports;
    this.#onCommit = onCommit;
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#woken = false;
      const again = await this.#commit((pending) => this.#worthwhile(pending));
      const woken = (): boolean => this.#woken;
      if (!again && !woken()) await this.#sleep(this.#failing ? RETRY_MS : SWEEP_MS, signal);
    }
  }

  /** Commits all that is pending now, also ranges without rows. */
  async flush(): Promise<void> {
    for (;;) {
      const committed = await commitPending(this.#ports, this.#name);
      if (!committed) return;
      this.#onCommit(committed);
    }
  }

  #worthwhile(pending: Intent[]): boolean {
    if (pending.some((i) => i.file !== undefined)) return true;
    const oldest = Math.min(...pending.map((i) => i.claimedAt));
    return this.#ports.io.clock.now() - oldest >= EMPTY_MS;
  }

  async #commit(accept: (pending: Intent[]) => boolean): Promise<boolean> {
    try {
      const committed = await commitPending(this.#ports, this.#name, accept);
      if (committed) this.#onCommit(committed);
      this.#failing = false;
      return committed !== undefined;
    } catch (error) {
      // The intents stay in the ledger; what is missing is derived from the table again.
      this.#failing = true;
      this.#ports.log.error('a commit failed; it will be tried again', {
        table: tableKey(this.#name),
        error,
      });
      return false;
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const wake = new AbortController();
    this.#wake = () => wake.abort();
    await this.#ports.io.clock.sleep(ms, AbortSignal.any([signal, wake.signal]));
    this.#wake = undefined;
  }
}
