const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Whether a wall-clock time names one instant, two (clocks went back) or none (clocks went forward). */
export type WallKind = 'once' | 'repeated' | 'skipped';

export interface LocalInstant {
  /** Milliseconds since the epoch. */
  instant: number;
  kind: WallKind;
}

const formats = new Map<string, Intl.DateTimeFormat>();
// Intl costs microseconds a call and zones change their offset on the hour only (of those used here).
const offsets = new Map<string, Map<number, number>>();

/** Milliseconds that `zone` is ahead of UTC at `instant`. */
export function zoneOffset(zone: string, instant: number): number {
  const known = offsets.get(zone) ?? new Map<number, number>();
  offsets.set(zone, known);
  const hour = Math.floor(instant / HOUR) * HOUR;
  let offset = known.get(hour);
  if (offset === undefined) known.set(hour, (offset = wallMillis(zone, hour) - hour));
  return offset;
}

/** Number of the local day of `zone` at `instant`, counted from 1970-01-01. */
export function localDay(zone: string, instant: number): number {
  return Math.floor((instant + zoneOffset(zone, instant)) / DAY);
}

/** Local clock of `zone` at `instant` as HHMM, 0 to 2359. */
export function clockAt(zone: string, instant: number): number {
  const wall = new Date(instant + zoneOffset(zone, instant));
  return wall.getUTCHours() * 100 + wall.getUTCMinutes();
}

/**
 * The instant at which clocks in `zone` show `wall` (milliseconds, as if the wall clock were UTC).
 * A repeated time is its first occurrence; a skipped one is read with the offset before the change.
 */
export function instantOfWall(zone: string, wall: number): LocalInstant {
  const before = zoneOffset(zone, wall - DAY);
  const after = zoneOffset(zone, wall + DAY);
  const valid = [...new Set([before, after])].filter((offset) => zoneOffset(zone, wall - offset) === offset);
  const kind = valid.length === 0 ? 'skipped' : valid.length === 1 ? 'once' : 'repeated';
  return { instant: wall - (valid[0] ?? before), kind };
}

/** The first instant after `after` at which clocks in `zone` show `hhmm`; 2400 is midnight, the next day's 0. */
export function nextClock(zone: string, after: number, hhmm: number): LocalInstant {
  const wallNow = after + zoneOffset(zone, after);
  const minutes = Math.floor(hhmm / 100) * 60 + (hhmm % 100);
  const today = Math.floor(wallNow / DAY) * DAY + minutes * MINUTE;
  const found = instantOfWall(zone, today);
  return found.instant > after ? found : instantOfWall(zone, today + DAY);
}

function wallMillis(zone: string, instant: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  const part = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const of = (name: Intl.DateTimeFormatPartTypes): number => part.get(name) ?? Number.NaN;
  return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
}
