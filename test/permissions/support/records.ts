import { randomBytes } from 'node:crypto';

/** A stream's record, as a producer writes it; a text is no JSON. */
export type Produced = Record<string, unknown> | string;

/** Records as Lambda hands them over. @param first sequence number of the first record */
export function kinesisEvent(shard: string, first: number, records: readonly Produced[]): object {
  return {
    Records: records.map((record, index) => ({
      eventID: `${shard}:${first + index}`,
      eventSourceARN: 'arn:aws:kinesis:eu-central-1:123456789012:stream/any',
      kinesis: {
        sequenceNumber: String(first + index),
        partitionKey: 'any',
        data: Buffer.from(typeof record === 'string' ? record : JSON.stringify(record)).toString('base64'),
        approximateArrivalTimestamp: Date.now() / 1000,
      },
    })),
  };
}

/** An event of a flight. */
export const flight = (id: string, event: string, time: string, more: object = {}): Produced => ({
  flight_id: id,
  event,
  event_time: `2026-03-01T${time}Z`,
  carrier: 'UA',
  flight: 1,
  origin: 'EWR',
  dest: 'ORD',
  scheduled_departure: '2026-03-01T10:00:00Z',
  scheduled_arrival: '2026-03-01T12:00:00Z',
  distance: 719,
  ...more,
});

/** One that compression does not make smaller than `bytes`. */
export const largeFlight = (id: string, bytes: number): Produced =>
  flight(id, 'scheduled', '08:00:00', { tailnum: randomBytes(bytes).toString('base64') });

/** An hour's weather; `origin` decides whether the rule takes it. */
export const weather = (origin: string, temp: number): Produced => ({
  origin,
  observed_at: '2026-03-01T10:00:00Z',
  temp,
});

export const NO_JSON = 'no record at all';
