import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openQuery } from '../../../src/local/query.ts';
import { quarantineTable, realtimeTable } from '../../../src/definition/tables.ts';
import { Lake } from '../../local/support/lake.ts';
import { dice, seedFrom, type Dice } from '../../local/support/random.ts';
import { model, rides, type Put } from './rides.ts';

const ZONES = ['n', 's', 'w'];
const SHARDS = ['shardId-000000000000', 'shardId-000000000001'];
const RIDES = 'trip_id, zone, fare, stars, temp';
const sorted = (rows: unknown[]): string[] => rows.map((r) => JSON.stringify(r)).sort();

function record(roll: Dice, stream: string): Put['record'] {
  const at = new Date(Date.UTC(2026, 0, 1) + roll.below(30) * 1000).toISOString();
  const trip_id = `t${roll.below(12)}`;
  const zone = roll.pick(ZONES);
  if (stream === 'weather')
    return { zone, temp: roll.below(3), at, ...(roll.chance(0.2) ? { gone: true } : {}) };
  if (stream === 'ratings') return { trip_id, stars: roll.below(5), at };
  const kind = roll.pick(['planned', 'planned', 'cancelled', 'started', 'started']);
  const fare = kind === 'started' ? { fare: roll.below(10) - 1 } : {};
  return { trip_id, kind, at, ...(roll.chance(0.9) ? { zone } : {}), ...fare };
}

describe('random records, batches, commits and merges in any order', () => {
  const seed = seedFrom('MODEL_SEED');
  let lake: Lake;
  beforeEach(async () => {
    lake = await Lake.open(rides);
  });
  afterEach(() => lake.close());

  async function expectModel(puts: Put[]): Promise<void> {
    const expected = model(puts);
    const visible = '"_ord_plan" IS NOT NULL AND NOT coalesce("_deleted", false)';
    const silver = await lake.rows(`SELECT ${RIDES} FROM {rides_silver.rides} WHERE ${visible}`);
    expect(sorted(silver)).toEqual(sorted(expected.rides));
    expect(sorted(await lake.rows('SELECT * FROM {rides_gold.by_zone}'))).toEqual(sorted(expected.byZone));
    const [log] = await lake.rows(
      'SELECT count(*) AS n, count(DISTINCT (_shard, _seq)) AS positions FROM {rides_silver.log}',
    );
    expect(log).toEqual({ n: String(expected.log), positions: String(expected.log) });
    const counted = await lake.rows(
      'SELECT coalesce(sum(entries), 0)::VARCHAR AS n FROM {rides_gold.log_by_kind}',
    );
    expect(counted).toEqual([{ n: String(expected.log) }]);
  }

  /** The unified view holds every committed record, whatever is merged. */
  async function expectView(puts: Put[]): Promise<void> {
    await lake.commitAll();
    const query = openQuery(lake.stores, lake.plan);
    try {
      const { rows } = await query.query(`SELECT ${RIDES} FROM rides`);
      expect(sorted(rows)).toEqual(
        sorted(model(puts).rides.map((r) => [r.trip_id, r.zone, r.fare, r.stars, r.temp])),
      );
    } finally {
      await query.close();
    }
  }

  test.each([0, 1, 2])(`give what a plain model gives, run %i (MODEL_SEED=${seed})`, async (run) => {
    const roll = dice(seed + run);
    const puts: Put[] = [];
    let place = 0;
    const put = async (): Promise<void> => {
      const stream = roll.pick(['trips', 'trips', 'ratings', 'weather']);
      const shard = roll.pick(SHARDS);
      const records = Array.from({ length: 1 + roll.below(4) }, () => record(roll, stream));
      const batch = lake.batch(stream, shard, records);
      await lake.ingest(batch);
      puts.push(...records.map((r) => ({ stream, shard, place: place++, record: r })));
      if (roll.chance(0.1)) await lake.ingest(batch); // delivered again
    };
    const steps = [
      ...lake.plan.silver.map((t) => () => lake.step('merge', t.name, roll.pick([1, 3, 1000]))),
      ...lake.plan.gold.map((t) => () => lake.step('aggregate', t.name)),
    ];
    const tables = [
      ...lake.plan.realtime.map((t) => realtimeTable(lake.plan, t.name)),
      quarantineTable(lake.plan),
    ];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 25; i++) {
        const action = roll.below(10);
        if (action < 4) await put();
        else if (action < 6) await lake.commit(roll.pick(tables));
        else await roll.pick(steps)();
      }
      await expectView(puts);
      await lake.settle(roll.pick([2, 1000]));
      await expectModel(puts);
      await expectView(puts);
    }
  });
});
