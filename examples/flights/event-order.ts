import { TidemarkError } from '../../src/errors.ts';
import { compareEvents, type FlightEvent } from './events.ts';

const DAY = 86_400_000;

/**
 * Puts the events of flights, added by scheduled departure, in stream order.
 * A flight's first event is one day before its scheduled departure, so whatever is older than that
 * can be released: two days of events are held, never the whole year.
 */
export class EventOrder {
  #held: FlightEvent[] = [];
  #checked = 0;
  #last: FlightEvent | undefined;

  /** Adds one flight's events. */
  add(events: readonly FlightEvent[]): void {
    this.#held.push(...events);
  }

  /** The events that no later flight, scheduled at or after `scheduledDeparture`, can precede. */
  release(scheduledDeparture: number): FlightEvent[] {
    if (scheduledDeparture < this.#checked) {
      throw new TidemarkError('internal', 'flights must be added by scheduled departure', {
        context: { scheduledDeparture: new Date(scheduledDeparture).toISOString() },
      });
    }
    this.#checked = scheduledDeparture;
    return this.#take(new Date(scheduledDeparture - DAY).toISOString());
  }

  /** All that is left. */
  drain(): FlightEvent[] {
    return this.#take(undefined);
  }

  #take(before: string | undefined): FlightEvent[] {
    this.#held.sort(compareEvents);
    const end = before === undefined ? -1 : this.#held.findIndex(({ event_time }) => event_time >= before);
    const ready = end === -1 ? this.#held.splice(0) : this.#held.splice(0, end);
    for (const event of ready) {
      if (this.#last !== undefined && compareEvents(this.#last, event) >= 0) {
        throw new TidemarkError('corrupt', 'two events of the same flight, kind and time', {
          context: { flight_id: event.flight_id, event: event.event },
        });
      }
      this.#last = event;
    }
    return ready;
  }
}
