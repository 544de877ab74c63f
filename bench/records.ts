import { column, defineLakehouse, sql } from '../src/definition/index.ts';

/** A lakehouse of one stream with 12 columns, one rule, one upsert and one aggregate. */
export const lakehouse = defineLakehouse('bench', {
  streams: {
    events: {
      columns: {
        flight_id: column.string({ maxLength: 64 }),
        event: column.string({ oneOf: ['scheduled', 'departed', 'arrived', 'cancelled'] }),
        event_time: column.timestamp(),
        scheduled: column.timestamp(),
        carrier: column.string(),
        flight: column.int({ min: 1 }),
        origin: column.string({ pattern: '[A-Z]{3}' }),
        destination: column.string(),
        delay_minutes: column.int({ optional: true }),
        distance: column.double(),
        fare: column.decimal(12, 2),
        remarks: column.string({ optional: true }),
      },
      eventTime: 'event_time',
    },
  },
  realtime: {
    activity: {
      from: 'events',
      where: sql`event <> 'scheduled' OR flight > 0`,
      select: { late: sql`coalesce(delay_minutes, 0) > 15` },
    },
  },
  silver: { flights: { mode: 'upsert', from: 'activity', key: ['flight_id'] } },
  gold: {
    carrier_day: {
      from: 'flights',
      groupBy: { carrier: 'carrier', day: sql`date_trunc('day', scheduled)` },
      measures: { flights: sql`count(*)`, late: sql`count_if(late)` },
    },
  },
});

/** JSON text of a record of about 540 bytes. */
export function record(i: number, eventTime = 1_767_225_600_000 + i): string {
  return JSON.stringify({
    flight_id: `2026-01-01-UA-${1000 + i}-EWR`,
    event: ['scheduled', 'departed', 'arrived', 'cancelled'][i % 4],
    event_time: new Date(eventTime).toISOString(),
    scheduled: '2026-01-01T10:15:00Z',
    carrier: ['UA', 'AA', 'DL', 'B6'][i % 4],
    flight: 1 + (i % 8000),
    origin: 'EWR',
    destination: 'IAH',
    delay_minutes: i % 3 === 0 ? null : (i % 200) - 20,
    distance: 1400 + (i % 1000) / 8,
    fare: (10_000 + (i % 1000)) / 100,
    remarks: `${'remark '.repeat(36)}${i % 10}`,
  });
}
