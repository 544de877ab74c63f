import { TidemarkError } from '../../src/errors.ts';
import type { FlightRow } from './flight-rows.ts';
import type { FlightTimes } from './flight-times.ts';

const DAY = 86_400_000;
const KINDS = ['scheduled', 'departed', 'arrived', 'diverted', 'cancelled'] as const;

export type FlightEventKind = (typeof KINDS)[number];

/** One record of the stream `flight_events`; times are ISO 8601 in UTC with milliseconds. */
export interface FlightEvent {
  flight_id: string;
  event: FlightEventKind;
  event_time: string;
  carrier: string;
  flight: number;
  tailnum?: string;
  origin: string;
  dest: string;
  scheduled_departure?: string;
  scheduled_arrival?: string;
  distance?: number;
  delay_minutes?: number;
  air_time_minutes?: number;
}

/** The events of one flight in the order in which they happen; throws `corrupt` if that is not the order of time. */
export function flightEvents(row: FlightRow, times: FlightTimes): FlightEvent[] {
  const event = (kind: FlightEventKind, at: number, more: Partial<FlightEvent> = {}): FlightEvent => ({
    flight_id: `${row.date}/${row.carrier}/${row.flight}/${row.origin}`,
    event: kind,
    event_time: iso(at),
    carrier: row.carrier,
    flight: row.flight,
    ...(row.tailnum === null ? {} : { tailnum: row.tailnum }),
    origin: row.origin,
    dest: row.dest,
    ...more,
  });
  // The source does not say when a schedule was published: one day before departure.
  const events = [
    event('scheduled', times.scheduledDeparture - DAY, {
      scheduled_departure: iso(times.scheduledDeparture),
      scheduled_arrival: iso(times.scheduledArrival),
      distance: row.distance,
    }),
  ];
  if (times.departure === undefined) events.push(event('cancelled', times.scheduledDeparture));
  else events.push(event('departed', times.departure, { delay_minutes: row.dep_delay! }));
  if (times.arrival !== undefined) {
    const airTime = row.air_time === null ? {} : { air_time_minutes: row.air_time };
    events.push(event('arrived', times.arrival, { delay_minutes: row.arr_delay!, ...airTime }));
  }
  if (times.landing !== undefined) events.push(event('diverted', times.landing));
  inOrder(events);
  return events;
}

/** Order of the stream: event time, then flight, then the order in which kinds follow one another. */
export function compareEvents(a: FlightEvent, b: FlightEvent): number {
  return (
    compareText(a.event_time, b.event_time) ||
    compareText(a.flight_id, b.flight_id) ||
    KINDS.indexOf(a.event) - KINDS.indexOf(b.event)
  );
}

function inOrder(events: FlightEvent[]): void {
  for (let i = 1; i < events.length; i++) {
    if (events[i - 1]!.event_time >= events[i]!.event_time) {
      throw new TidemarkError('corrupt', 'a flight whose events do not follow one another in time', {
        context: { flight_id: events[i]!.flight_id, event: events[i]!.event },
      });
    }
  }
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function iso(instant: number): string {
  return new Date(instant).toISOString();
}
