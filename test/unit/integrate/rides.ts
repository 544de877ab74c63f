import { column, defineLakehouse, sql } from '../../../src/definition/index.ts';

const optional = { optional: true } as const;

/** A lakehouse in which everything that a merge does can happen to one row: groups of two streams, a join, deletes. */
export const rides = defineLakehouse('rides', {
  streams: {
    trips: {
      columns: {
        trip_id: column.string(),
        kind: column.string({ oneOf: ['planned', 'cancelled', 'started'] }),
        at: column.timestamp(),
        zone: column.string(optional),
        fare: column.int(optional),
      },
      eventTime: 'at',
    },
    ratings: {
      columns: { trip_id: column.string(), stars: column.int(), at: column.timestamp() },
      eventTime: 'at',
    },
    weather: {
      columns: {
        zone: column.string(),
        temp: column.int(),
        gone: column.boolean(optional),
        at: column.timestamp(),
      },
      eventTime: 'at',
    },
  },
  realtime: {
    trip_events: { from: 'trips', where: sql`fare IS NULL OR fare >= 0` },
    rating_events: { from: 'ratings' },
    weather_events: { from: 'weather' },
  },
  silver: {
    weather: {
      mode: 'upsert',
      from: 'weather_events',
      key: ['zone'],
      columns: ['zone', 'temp'],
      deleteWhen: sql`gone`,
    },
    rides: {
      mode: 'enrich',
      key: ['trip_id'],
      groups: {
        plan: {
          from: 'trip_events',
          when: sql`kind <> 'started'`,
          fact: true,
          columns: ['zone'],
          deleteWhen: sql`kind = 'cancelled'`,
        },
        start: { from: 'trip_events', when: sql`kind = 'started'`, columns: { fare: 'fare', started: 'at' } },
        rating: { from: 'rating_events', columns: ['stars'] },
      },
      joins: { weather: { from: 'weather', on: { zone: 'zone' }, columns: ['temp'] } },
    },
    log: {
      mode: 'append',
      from: 'trip_events',
      where: sql`kind <> 'cancelled'`,
      columns: ['trip_id', 'kind'],
    },
  },
  gold: {
    by_zone: {
      from: 'rides',
      groupBy: { zone: 'zone', temp: 'temp' },
      measures: { rides: sql`count(*)`, fares: sql`sum(fare)`, best: sql`max(stars)` },
    },
    log_by_kind: { from: 'log', groupBy: { kind: 'kind' }, measures: { entries: sql`count(*)` } },
  },
});

export interface Put {
  stream: string;
  shard: string;
  /** Grows over all puts. */
  place: number;
  record: Record<string, string | number | boolean>;
}

type Value = string | number | null;
interface Ride {
  trip_id: string;
  zone: Value;
  fare: Value;
  stars: Value;
  temp: Value;
}

/** The row of `puts` that wins: the highest by event time, shard, place in the stream. */
function newest(puts: Put[]): Put | undefined {
  const rank = (p: Put): string => [p.record.at, p.shard, String(p.place).padStart(9, '0')].join(' ');
  return puts.reduce<Put | undefined>(
    (best, p) => (best === undefined || rank(p) > rank(best) ? p : best),
    undefined,
  );
}

function by(puts: Put[], column: string): Map<string, Put[]> {
  const groups = new Map<string, Put[]>();
  for (const p of puts) {
    const key = String(p.record[column]);
    groups.set(key, [...(groups.get(key) ?? []), p]);
  }
  return groups;
}

/** What analysts must see once everything is integrated, computed plainly from all records. */
export function model(puts: Put[]): { rides: Ride[]; byZone: unknown[]; log: number } {
  const of = (stream: string): Put[] => puts.filter((p) => p.stream === stream);
  const temps = new Map<string, number>();
  for (const [zone, all] of by(of('weather'), 'zone')) {
    const { record } = newest(all)!;
    if (record.gone !== true) temps.set(zone, Number(record.temp));
  }
  const trips = of('trips').filter((p) => p.record.fare === undefined || Number(p.record.fare) >= 0);
  const ratings = by(of('ratings'), 'trip_id');
  const rows: Ride[] = [];
  for (const [id, all] of by(trips, 'trip_id')) {
    const plan = newest(all.filter((p) => p.record.kind !== 'started'))?.record;
    if (plan === undefined || plan.kind === 'cancelled') continue;
    const start = newest(all.filter((p) => p.record.kind === 'started'))?.record;
    const stars = newest(ratings.get(id) ?? [])?.record.stars;
    const zone = (plan.zone as string | undefined) ?? null;
    const temp = zone === null ? null : (temps.get(zone) ?? null);
    rows.push({
      trip_id: id,
      zone,
      fare: (start?.fare as number | undefined) ?? null,
      stars: (stars as number | undefined) ?? null,
      temp,
    });
  }
  const groups = new Map<string, Ride[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.zone, row.temp]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const byZone = [...groups.values()].map((group) => {
    const fares = group.flatMap((r) => r.fare ?? []).map(Number);
    const stars = group.flatMap((r) => r.stars ?? []).map(Number);
    return {
      zone: group[0]!.zone,
      temp: group[0]!.temp,
      rides: String(group.length),
      fares: fares.length > 0 ? String(fares.reduce((a, b) => a + b, 0)) : null,
      best: stars.length > 0 ? Math.max(...stars) : null,
    };
  });
  return { rides: rows, byZone, log: trips.filter((p) => p.record.kind !== 'cancelled').length };
}
