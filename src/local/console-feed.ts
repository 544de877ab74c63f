import type { Alert } from '../ports/effects.ts';
import type { Log } from '../ports/log.ts';
import type { LakehouseState } from './state.ts';

/** What a watcher is told; `data` is JSON. */
export interface FeedMessage {
  event: 'state' | 'alert' | 'heartbeat';
  data: string;
}

/** One watcher's end of the feed. */
export interface Subscription {
  /** The next message, or undefined once the subscription or the feed is closed. */
  next(): Promise<FeedMessage | undefined>;
  close(): void;
}

export interface FeedOptions {
  state: () => Promise<LakehouseState>;
  onAlert: (listener: (alert: Alert) => void) => () => void;
  log: Log;
  /** Pause between two computations of the state. */
  everyMs: number;
  heartbeatMs: number;
}

/** A slow watcher misses the oldest of more alerts than this; the state still counts them. */
const ALERTS_KEPT = 100;

/** Holds what a watcher has not read yet: one state at most, so that a slow one costs no memory. */
class Watcher implements Subscription {
  #state: string | undefined;
  #alerts: string[] = [];
  #heartbeat = false;
  #closed = false;
  #wake: (() => void) | undefined;
  readonly #onClose: (watcher: Watcher) => void;

  constructor(onClose: (watcher: Watcher) => void) {
    this.#onClose = onClose;
  }

  offerState(state: string): void {
    this.#state = state;
    this.#notify();
  }

  offerAlert(alert: string): void {
    this.#alerts.push(alert);
    if (this.#alerts.length > ALERTS_KEPT) this.#alerts.shift();
    this.#notify();
  }

  offerHeartbeat(): void {
    this.#heartbeat = true;
    this.#notify();
  }

  async next(): Promise<FeedMessage | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      const message = this.#take();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#notify();
    this.#onClose(this);
  }

  #take(): FeedMessage | undefined {
    const alert = this.#alerts.shift();
    if (alert !== undefined) return { event: 'alert', data: alert };
    if (this.#state !== undefined) {
      const data = this.#state;
      this.#state = undefined;
      return { event: 'state', data };
    }
    if (this.#heartbeat) {
      this.#heartbeat = false;
      return { event: 'heartbeat', data: '{}' };
    }
    return undefined;
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/**
 * The state of the lakehouse for any number of watchers: computed once for all of them, and not at all while there is
 * none.
 */
export class ConsoleFeed {
  readonly #options: FeedOptions;
  readonly #watchers = new Set<Watcher>();
  #last: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #computing = false;
  #closed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  subscribe(): Subscription {
    const watcher = new Watcher((gone) => this.#remove(gone));
    if (this.#closed) {
      watcher.close();
      return watcher;
    }
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#start();
    else if (this.#last !== undefined) watcher.offerState(this.#last);
    return watcher;
  }

  /** Ends every subscription. */
  close(): void {
    this.#closed = true;
    for (const watcher of [...this.#watchers]) watcher.close();
  }

  #start(): void {
    const { onAlert, heartbeatMs } = this.#options;
    this.#unsubscribe = onAlert((alert) => {
      const data = JSON.stringify(alert);
      for (const watcher of this.#watchers) watcher.offerAlert(data);
    });
    this.#heartbeat = setInterval(() => {
      for (const watcher of this.#watchers) watcher.offerHeartbeat();
    }, heartbeatMs);
    void this.#tick();
  }

  #remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher) || this.#watchers.size > 0) return;
    clearTimeout(this.#timer);
    clearInterval(this.#heartbeat);
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    // A state from before the pause would be shown as if it were of now.
    this.#last = undefined;
  }

  async #tick(): Promise<void> {
    // The computation of the time before a pause may still be under way; it goes on with the new watchers.
    if (this.#computing) return;
    this.#computing = true;
    try {
      const data = JSON.stringify(await this.#options.state());
      if (this.#watchers.size > 0) this.#last = data;
      for (const watcher of this.#watchers) watcher.offerState(data);
    } catch (error) {
      this.#options.log.warn('the state for the console could not be computed', { error });
    } finally {
      this.#computing = false;
    }
    if (this.#watchers.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tick(), this.#options.everyMs);
  }
}
