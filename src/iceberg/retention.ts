import type { Snapshot } from './snapshot.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;

/**
 * Which snapshots a commit keeps. Always kept: the new one, those that a ref names, the newest protected one, and
 * the newest `keepMin`. Of the others, all of the last `keepAllMs` but at most `maxRecent`, then the first of each
 * minute of the last `keepPerMinuteMs`, and the first of each hour of the last `keepPerHourMs`. Durations in
 * milliseconds.
 */
export interface Retention {
  keepAllMs: number;
  /** @default no bound but time */
  maxRecent?: number;
  /** @default 0 */
  keepPerMinuteMs?: number;
  keepPerHourMs: number;
  /** @default 1 */
  keepMin?: number;
  /** Snapshots of which the newest on main must stay, because state is found through it. @default none */
  protect?: (snapshot: Snapshot) => boolean;
}

/** An hour in minutes and a day in hours behind the last ten minutes: about 130 snapshots at any rate of commits. */
export const DEFAULT_RETENTION: Retention = {
  keepAllMs: 10 * MINUTE,
  maxRecent: 50,
  keepPerMinuteMs: HOUR,
  keepPerHourMs: 24 * HOUR,
};

/**
 * The ids to keep, of main's snapshots (newest first) and the others (staged, rolled back, of other branches), which
 * only age removes.
 *
 * @param named ids that refs name
 * @param now milliseconds since 1970
 */
export function keptSnapshots(
  rule: Retention,
  main: readonly Snapshot[],
  others: readonly Snapshot[],
  named: ReadonlySet<bigint>,
  now: number,
): Set<bigint> {
  const kept = new Set(named);
  const keep = (snapshot: Snapshot): unknown => kept.add(snapshot['snapshot-id']);
  const age = (snapshot: Snapshot): number => now - snapshot['timestamp-ms'];
  const recent = main
    .filter((snapshot) => age(snapshot) <= rule.keepAllMs)
    .slice(0, rule.maxRecent ?? Infinity);
  recent.forEach(keep);
  main.slice(0, Math.max(rule.keepMin ?? 1, 1)).forEach(keep);
  const { protect } = rule;
  const guarded = protect && main.find(protect);
  if (guarded) keep(guarded);
  firstOfEach(main, MINUTE, rule.keepPerMinuteMs ?? 0, age).forEach(keep);
  firstOfEach(main, HOUR, rule.keepPerHourMs, age).forEach(keep);
  others.filter((snapshot) => age(snapshot) <= Math.max(rule.keepAllMs, rule.keepPerHourMs)).forEach(keep);
  return kept;
}

// The first of a period, not the last: it does not change while the period goes on, so it is chosen once.
function firstOfEach(
  main: readonly Snapshot[],
  periodMs: number,
  spanMs: number,
  age: (snapshot: Snapshot) => number,
): Snapshot[] {
  const first = new Map<number, Snapshot>();
  for (const snapshot of main) {
    if (age(snapshot) <= spanMs) first.set(Math.floor(snapshot['timestamp-ms'] / periodMs), snapshot);
  }
  return [...first.values()];
}
