import type { Position } from './ledger.ts';

/** A plain value as JSON carries it: decimals and 64-bit integers as text. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Row = Record<string, Json>;

/** One row for the hot store: the latest by key, where "latest" is the highest `ord`. */
export interface HotItem {
  table: string;
  key: string;
  ord: string;
  row: Row;
}

/**
 * Millisecond reads by key. Laws, checked by `test/contract/hot-store.ts`:
 * 1. `put` replaces an item only by one with a higher `ord`; order of arrival does not matter.
 * 2. The same `put` twice is the same as once.
 */
export interface HotStore {
  put(items: HotItem[]): Promise<void>;
  get(table: string, key: string): Promise<HotItem | undefined>;
}

/** An alert that fired. Delivery is at least once; the id is the same each time. */
export interface Alert {
  id: string;
  alert: string;
  /** Where it goes: a name that the deployment maps to a topic. */
  notify: string;
  firedAt: number;
  eventTime?: number;
  shard: string;
  position: Position;
  row: Row;
}

/** Tells people and programs. Laws: an alert is delivered at least once after `notify` returned. */
export interface Notifier {
  notify(alerts: Alert[]): Promise<void>;
}
