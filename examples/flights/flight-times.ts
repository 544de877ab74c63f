import { TidemarkError } from '../../src/errors.ts';
import { clockAt, localDay, nextClock, type LocalInstant } from './local-time.ts';
import type { FlightRow } from './flight-rows.ts';

const MINUTE = 60_000;
/** Taxiing takes less; a date that is wrong by a day takes more. */
const LONGEST_ON_GROUND = 12 * 60 * MINUTE;
const NEW_YORK = 'America/New_York';

/** The instants of one flight, in milliseconds since the epoch. */
export interface FlightTimes {
  scheduledDeparture: number;
  scheduledArrival: number;
  departure?: number;
  arrival?: number;
  /** Landing of a diverted flight, or the best estimate of it. */
  landing?: number;
  conventions: Convention[];
}

/** Where a time took more than adding minutes; README.md says how often each occurs. */
export type Convention =
  | 'departure at 2400'
  | 'arrival at 2400'
  | 'scheduled to arrive on a later local day'
  | 'arrival on a later local day'
  | 'arrival clock not put forward'
  | 'clock time that occurs twice'
  | 'clock time that does not occur'
  | 'diverted with an arrival time'
  | 'diverted without an arrival time';

/** Turns a row's clock times and delays into instants; throws `corrupt` where they contradict each other. */
export function flightTimes(row: FlightRow, zone: string): FlightTimes {
  const conventions: Convention[] = [];
  const scheduledDeparture = row.time_hour + row.minute * MINUTE;
  if (clockAt(NEW_YORK, scheduledDeparture) !== row.sched_dep_time)
    throw contradiction(row, 'sched_dep_time');
  const scheduledArrival = noted(nextClock(zone, scheduledDeparture, row.sched_arr_time), conventions);
  if (localDay(zone, scheduledArrival) > localDay(NEW_YORK, scheduledDeparture)) {
    conventions.push('scheduled to arrive on a later local day');
  }
  const times: FlightTimes = { scheduledDeparture, scheduledArrival, conventions };
  if (row.dep_time === null) return times;

  if (row.dep_delay === null) throw contradiction(row, 'dep_delay');
  const departure = scheduledDeparture + row.dep_delay * MINUTE;
  if (clockAt(NEW_YORK, departure) !== row.dep_time % 2400) throw contradiction(row, 'dep_time');
  times.departure = departure;
  if (row.dep_time === 2400) conventions.push('departure at 2400');
  if (row.arr_time === 2400) conventions.push('arrival at 2400');
  if (row.arr_delay !== null) {
    times.arrival = scheduledArrival + row.arr_delay * MINUTE;
    checkArrival(row, zone, times, departure, times.arrival);
  } else if (row.arr_time !== null) {
    times.landing = noted(nextClock(zone, departure, row.arr_time), conventions);
    conventions.push('diverted with an arrival time');
  } else {
    times.landing = scheduledArrival + row.dep_delay * MINUTE;
    conventions.push('diverted without an arrival time');
  }
  return times;
}

function checkArrival(
  row: FlightRow,
  zone: string,
  times: FlightTimes,
  departure: number,
  arrival: number,
): void {
  const onGround = arrival - departure - (row.air_time ?? 0) * MINUTE;
  if (onGround < 0 || onGround > LONGEST_ON_GROUND) throw contradiction(row, 'air_time');
  if (localDay(zone, arrival) > localDay(NEW_YORK, departure)) {
    times.conventions.push('arrival on a later local day');
  }
  if (row.arr_time === null) throw contradiction(row, 'arr_time');
  if (clockAt(zone, arrival) === row.arr_time % 2400) return;
  // In the hour that the change to daylight saving skips, a clock that was not put forward shows one hour less.
  const skipped = nextClock(zone, departure, row.arr_time);
  if (skipped.kind !== 'skipped' || skipped.instant !== arrival) throw contradiction(row, 'arr_time');
  times.conventions.push('arrival clock not put forward');
}

function noted({ instant, kind }: LocalInstant, conventions: Convention[]): number {
  if (kind === 'repeated') conventions.push('clock time that occurs twice');
  if (kind === 'skipped') conventions.push('clock time that does not occur');
  return instant;
}

function contradiction(row: FlightRow, column: keyof FlightRow): TidemarkError {
  return new TidemarkError('corrupt', `flights.csv contradicts itself in ${column}`, { context: { ...row } });
}
