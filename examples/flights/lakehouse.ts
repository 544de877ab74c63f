import { column, defineLakehouse, sql, type ReplaySource } from 'tidemark';

const optional = { optional: true } as const;

/**
 * Flights from New York: their life as events within seconds, one row a flight with the weather at departure,
 * delays by carrier and hour and by route and day, and an alert for the very late.
 */
export default defineLakehouse('flights', {
  streams: {
    flight_events: {
      columns: {
        flight_id: column.string(),
        event: column.string({ oneOf: ['scheduled', 'departed', 'arrived', 'diverted', 'cancelled'] }),
        event_time: column.timestamp(),
        carrier: column.string(),
        flight: column.int(),
        tailnum: column.string(optional),
        origin: column.string(),
        dest: column.string(),
        scheduled_departure: column.timestamp(optional),
        scheduled_arrival: column.timestamp(optional),
        distance: column.int(optional),
        delay_minutes: column.int(optional),
        air_time_minutes: column.int(optional),
      },
      eventTime: 'event_time',
      shards: 2,
    },
    weather_observations: {
      columns: {
        origin: column.string(),
        observed_at: column.timestamp(),
        temp: column.double(optional),
        dewp: column.double(optional),
        humid: column.double(optional),
        wind_dir: column.int(optional),
        wind_speed: column.double(optional),
        wind_gust: column.double(optional),
        precip: column.double(optional),
        pressure: column.double(optional),
        visib: column.double(optional),
      },
      eventTime: 'observed_at',
    },
  },

  references: {
    airlines: {
      key: 'carrier',
      columns: { carrier: column.string(), name: column.string() },
      source: 'data/airlines.csv',
    },
    airports: {
      key: 'faa',
      columns: {
        faa: column.string(),
        name: column.string(),
        lat: column.double(),
        lon: column.double(),
        tzone: column.string(optional),
      },
      source: 'data/airports.csv',
    },
    planes: {
      key: 'tailnum',
      columns: {
        tailnum: column.string(),
        year: column.int(optional),
        manufacturer: column.string(optional),
        model: column.string(optional),
        seats: column.int(optional),
      },
      source: 'data/planes.csv',
    },
  },

  realtime: {
    flight_activity: {
      from: 'flight_events',
      lookups: {
        airlines: { on: { carrier: 'carrier' } },
        planes: { on: { tailnum: 'tailnum' } },
        dest_airport: { reference: 'airports', on: { faa: 'dest' } },
      },
      select: {
        airline: sql`airlines.name`,
        manufacturer: sql`planes.manufacturer`,
        model: sql`planes.model`,
        seats: sql`planes.seats`,
        dest_name: sql`dest_airport.name`,
        late: sql`coalesce(delay_minutes, 0) > 15`,
      },
      hotKey: ['flight_id'],
    },
    departure_delays: {
      from: 'flight_events',
      where: sql`event = 'departed' AND delay_minutes > 15`,
      select: {
        delay_band: sql`CASE WHEN delay_minutes > 180 THEN 'over 3 hours'
                             WHEN delay_minutes > 60 THEN '1 to 3 hours'
                             ELSE '15 to 60 minutes' END`,
      },
    },
    weather: {
      from: 'weather_observations',
      where: sql`origin IN ('EWR', 'JFK', 'LGA')`,
    },
  },

  silver: {
    weather: { mode: 'upsert', from: 'weather', key: ['origin', 'observed_at'] },
    flights: {
      mode: 'enrich',
      key: ['flight_id'],
      groups: {
        schedule: {
          from: 'flight_activity',
          when: sql`event = 'scheduled'`,
          fact: true,
          columns: [
            'carrier',
            'airline',
            'flight',
            'tailnum',
            'manufacturer',
            'model',
            'seats',
            'origin',
            'dest',
            'dest_name',
            'scheduled_departure',
            'scheduled_arrival',
            'distance',
          ],
        },
        departure: {
          from: 'flight_activity',
          when: sql`event = 'departed'`,
          columns: { actual_departure: 'event_time', departure_delay: 'delay_minutes' },
        },
        arrival: {
          from: 'flight_activity',
          when: sql`event = 'arrived'`,
          columns: {
            actual_arrival: 'event_time',
            arrival_delay: 'delay_minutes',
            air_time_minutes: 'air_time_minutes',
          },
        },
        progress: { from: 'flight_activity', columns: { status: 'event' } },
      },
      joins: {
        weather: {
          from: 'weather',
          on: { origin: 'origin', observed_at: sql`date_trunc('hour', scheduled_departure)` },
          columns: ['temp', 'wind_speed', 'precip', 'visib'],
        },
      },
    },
  },

  gold: {
    carrier_hour: {
      from: 'flights',
      groupBy: {
        carrier: 'carrier',
        airline: 'airline',
        hour: sql`date_trunc('hour', scheduled_departure)`,
      },
      measures: {
        flights: sql`count(*)`,
        departures: sql`count(actual_departure)`,
        cancellations: sql`count_if(status = 'cancelled')`,
        mean_departure_delay: sql`avg(departure_delay)`,
        worst_departure_delay: sql`max(departure_delay)`,
        share_late: sql`CAST(count_if(departure_delay > 15) AS double) / nullif(count(actual_departure), 0)`,
      },
    },
    route_day: {
      from: 'flights',
      groupBy: { origin: 'origin', dest: 'dest', day: sql`CAST(scheduled_departure AS date)` },
      measures: {
        flights: sql`count(*)`,
        departures: sql`count(actual_departure)`,
        cancellations: sql`count_if(status = 'cancelled')`,
        mean_arrival_delay: sql`avg(arrival_delay)`,
        worst_arrival_delay: sql`max(arrival_delay)`,
        share_late: sql`CAST(count_if(arrival_delay > 15) AS double) / nullif(count(actual_arrival), 0)`,
      },
    },
  },

  alerts: {
    very_late: {
      from: 'flight_activity',
      when: sql`event = 'departed' AND delay_minutes > 180`,
      notify: 'operations',
    },
  },
});

/** What `tidemark dev` puts into the streams: January 2013, in the order in which it happened. */
export const replays: ReplaySource[] = [
  {
    stream: 'flight_events',
    file: 'data/events-2013-01.ndjson.gz',
    partitionKey: 'flight_id',
    eventTime: 'event_time',
  },
  {
    stream: 'weather_observations',
    file: 'data/weather-2013-01.ndjson.gz',
    partitionKey: 'origin',
    eventTime: 'observed_at',
  },
];
