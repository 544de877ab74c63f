import type { Alert, Notifier } from '../../ports/effects.ts';
import { openStore, type LocalDatabase, type Store } from './database.ts';

/** Keeps alerts by id, newest last, and tells listeners in this process of each new one. */
export class LmdbNotifier implements Notifier {
  readonly #alerts: Store<Alert>;
  readonly #byTime: Store<string>;
  readonly #listeners = new Set<(alert: Alert) => void>();

  constructor(database: LocalDatabase) {
    this.#alerts = openStore(database, 'alerts');
    this.#byTime = openStore(database, 'alerts-by-time');
  }

  async notify(alerts: Alert[]): Promise<void> {
    const fresh = await this.#alerts.transaction(() =>
      alerts.filter((alert) => {
        if (this.#alerts.get([alert.id]) !== undefined) return false;
        void this.#alerts.put([alert.id], alert);
        void this.#byTime.put([String(alert.firedAt).padStart(16, '0'), alert.id], alert.id);
        return true;
      }),
    );
    for (const alert of fresh) for (const listener of this.#listeners) listener(alert);
  }

  /** The newest `limit` alerts, newest first. */
  recent(limit: number): Alert[] {
    this.#alerts.resetReadTxn();
    return [...this.#byTime.getRange({ reverse: true, limit })].map(({ value }) =>
      this.#alerts.get([value])!,
    );
  }

  count(): number {
    this.#alerts.resetReadTxn();
    return this.#alerts.getCount();
  }

  onAlert(listener: (alert: Alert) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
