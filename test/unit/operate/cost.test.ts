import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan } from '../../../src/definition/plan.ts';
import { DEFAULT_LOAD, estimateCost, pricesOf, type Estimate, type Load } from '../../../src/operate/cost.ts';
import { gbSeconds, sumUsd } from '../../../src/operate/cost-item.ts';
import { flowOf } from '../../../src/operate/cost-load.ts';
import { claimWriteUnits, ingestCpuMs } from '../../../src/operate/cost-realtime.ts';
import { transitionsPerRun } from '../../../src/operate/cost-history.ts';
import { shopPlan } from './cost-plan.ts';

const PRICES = pricesOf('us-east-1');
let plan: Plan;
beforeAll(async () => {
  plan = await shopPlan();
});

const estimate = (load: Partial<Load> = {}, of: Plan = plan): Estimate =>
  estimateCost(of, { ...DEFAULT_LOAD, ...load }, PRICES);
const usdOf = (e: Estimate, service: string, words = ''): number =>
  sumUsd(e.items.filter((i) => i.service === service && i.what.includes(words)));

describe('a monthly estimate', () => {
  test('the stream, by hand: 730 hours, 2.628 billion records of one rounded KB, bytes out as they are', () => {
    const e = estimate();
    const records = 1000 * 730 * 3600;
    const gb = 2 ** 30;
    const byHand = 730 * 0.04 + ((records * 1024) / gb) * 0.08 + ((records * 540) / gb) * 0.04;
    expect(usdOf(e, 'Kinesis')).toBeCloseTo(byHand, 6);
  });

  test('provisioned: two shards for 1,000 records a second at 70 %, one put unit a record, reads free', () => {
    const e = estimate({ capacity: 'provisioned' });
    expect(usdOf(e, 'Kinesis')).toBeCloseTo(2 * 730 * 0.015 + 2628 * 0.014, 6);
  });

  test('aggregation takes the rounding and the put units away', () => {
    expect(usdOf(estimate({ aggregate: true }), 'Kinesis', 'data in')).toBeLessThan(
      0.6 * usdOf(estimate(), 'Kinesis', 'data in'),
    );
    const provisioned = { capacity: 'provisioned' } as const;
    expect(usdOf(estimate({ ...provisioned, aggregate: true }), 'Kinesis', 'put units')).toBeCloseTo(
      usdOf(estimate(provisioned), 'Kinesis', 'put units') / 47,
      6,
    );
  });

  test('ingest, by hand: four shards, a batch each 2 s', () => {
    const flow = flowOf(plan, plan.streams[0]!, DEFAULT_LOAD);
    expect(flow).toMatchObject({ shards: 4, windowSeconds: 2, freshnessSeconds: 4.5, recordsPerBatch: 500 });
    const batches = 2 * 730 * 3600;
    expect(flow.batches).toBeCloseTo(batches, 3);
    const ms = 20 + 0.0102 * 500 * (540 / 513) + 110;
    expect(usdOf(estimate(), 'Lambda', 'ingest')).toBeCloseTo(
      (batches / 1e6) * 0.2 + ((batches * (1769 / 1024) * ms) / 1000) * 0.0000133334,
      6,
    );
  });

  test('a claim is transactional: each begun KB of each item counts twice', () => {
    // the shard 1, quarantine 1, an intent of 650 + 18 x 57 bytes 2
    expect(claimWriteUnits([18])).toBe(2 * (1 + 1 + 2));
    expect(claimWriteUnits([18, 1])).toBe(2 * (1 + 1 + 2 + 1));
  });

  test('less memory is less of a processor, more is not more', () => {
    expect(gbSeconds(1000, 1769, 100, 0)).toBeCloseTo((1769 / 1024) * 100, 6);
    expect(gbSeconds(1000, 1769 / 2, 100, 0)).toBeCloseTo((1769 / 1024) * 100, 6);
    expect(gbSeconds(1000, 3538, 100, 0)).toBeCloseTo((3538 / 1024) * 100, 6);
  });

  test('work grows with records, their size and the tables', () => {
    expect(ingestCpuMs(1, 0, 540)).toBe(20);
    expect(ingestCpuMs(1, 1000, 1026)).toBeCloseTo(20 + 20.4, 6);
    expect(ingestCpuMs(3, 0, 540)).toBe(40);
  });

  test('the integration run: five around, one a stage, four a step', () => {
    expect(transitionsPerRun(plan)).toBe(5 + 5 + 5);
  });

  test('idle, only what is there anyway costs: no puts, no ledger', () => {
    const idle = estimate({ recordsPerSecond: 0, queriesPerDay: 0 });
    expect(idle.usd).toBeCloseTo(idle.idleUsd, 9);
    expect(estimate().idleUsd).toBeCloseTo(idle.usd, 9);
    expect(usdOf(idle, 'Kinesis')).toBeCloseTo(29.2, 6);
    expect(usdOf(idle, 'DynamoDB')).toBe(0);
    expect(usdOf(idle, 'Athena')).toBe(0);
    expect(idle.idleUsd).toBeLessThan(75);
  });

  test('the sum is that of its items, and each item is its quantity times its price', () => {
    const e = estimate({ kms: true, enhancedFanOut: true });
    expect(e.usd).toBeCloseTo(
      e.items.reduce((sum, i) => sum + (i.usd ?? 0), 0),
      9,
    );
    for (const i of e.items) {
      expect(i.usd).toBeCloseTo(i.quantity * PRICES.prices[i.price].usd!, 9);
      expect(i.quantity).toBeGreaterThan(0);
      expect(i.how).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test.each<[string, Partial<Load>]>([
    ['more records', { recordsPerSecond: 5000 }],
    ['larger records', { recordBytes: 3000 }],
    ['fresher rows', { freshnessSeconds: 2.5 }],
    ['more Silver rows', { silverRows: 15_000_000 }],
    ['Silver beyond a function', { silverRows: 1_000_000_000 }],
    ['more queries', { queriesPerDay: 10_000 }],
    ['a customer key', { kms: true }],
  ])('%s cost more', (_, load) => {
    expect(estimate(load).usd).toBeGreaterThan(estimate().usd);
  });

  test('merges more often cost more', () => {
    expect(estimate().usd).toBeGreaterThan(estimate({ mergeEveryMinutes: 15 }).usd);
  });

  test.each<[string, Partial<Load>]>([
    ['half the day', { hoursActive: 12 }],
    ['staler rows', { freshnessSeconds: 60 }],
    ['aggregation', { aggregate: true }],
  ])('%s cost less', (_, load) => {
    expect(estimate(load).usd).toBeLessThan(estimate().usd);
  });

  test('freshness that cannot be had is not promised', () => {
    expect(estimate({ freshnessSeconds: 1 }).freshnessSeconds).toBe(2.5);
    expect(estimate({ freshnessSeconds: 1, enhancedFanOut: true }).freshnessSeconds).toBe(1.7);
    expect(estimate({ freshnessSeconds: 60 }).freshnessSeconds).toBeLessThanOrEqual(60);
  });

  test('fan-out costs more, unless the second it saves lets batches gather longer', () => {
    const slow = { freshnessSeconds: 300 };
    expect(estimate({ ...slow, enhancedFanOut: true }).usd).toBeGreaterThan(estimate(slow).usd);
    expect(estimate({ enhancedFanOut: true }).usd).toBeLessThan(estimate().usd);
  });

  test('a hot store writes a unit for each distinct key of a batch', async () => {
    const hot = estimate({ hotKeyShare: 0.5 }, await shopPlan({ hotKey: ['id'] }));
    expect(usdOf(hot, 'DynamoDB', 'hot store')).toBeCloseTo(1314 * 0.625, 6);
  });

  test('retention beyond a day costs', async () => {
    const week = estimate({}, await shopPlan({ retentionHours: 168 }));
    expect(usdOf(week, 'Kinesis', 'retention')).toBeGreaterThan(0);
  });

  test('the others pay for the same stream; a price that is not known is left out and said', () => {
    const e = estimate();
    expect(e.peers.map((p) => p.name)).toEqual([
      'Firehose to Iceberg',
      'Native streaming tables',
      'Managed Flink, one small application',
    ]);
    const [firehose, native, flink] = e.peers as [
      Estimate['peers'][0],
      Estimate['peers'][0],
      Estimate['peers'][0],
    ];
    expect(sumUsd(firehose.items.filter((i) => i.service === 'Kinesis'))).toBeCloseTo(usdOf(e, 'Kinesis'), 6);
    expect(native.items.some((i) => i.usd === null)).toBe(true);
    expect(native.notes.join()).toContain('not known');
    expect(flink.items.find((i) => i.what === 'KPUs')!.usd).toBeCloseTo(2 * 730 * 0.11, 6);
  });

  test('rates by stream; a stream that is not there is named', () => {
    expect(estimate({ recordsPerSecond: { orders: 1000 } }).usd).toBeCloseTo(estimate().usd, 9);
    expect(() => estimate({ recordsPerSecond: { order: 1 } })).toThrow('no stream "order"');
  });

  test.each<[Partial<Load>, string]>([
    [{ hoursActive: 25 }, 'hoursActive is 25'],
    [{ recordBytes: 0 }, 'recordBytes is 0'],
    [{ recordsPerSecond: NaN }, 'no number of records'],
    [{ mergeEveryMinutes: 0 }, 'mergeEveryMinutes is 0'],
  ])('a load that makes no sense is refused: %j', (load, words) => {
    expect(() => estimate(load)).toThrow(words);
  });
});

describe('the price list', () => {
  test('every price has a unit, a source and a word for how sure it is', () => {
    expect(PRICES.date).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const [name, price] of Object.entries(PRICES.prices)) {
      expect([name, price.unit.length > 0, price.source.includes('https://')]).toEqual([name, true, true]);
      expect(['checked', 'secondary', 'recalled', 'unknown']).toContain(price.status);
      expect(price.usd === null).toBe(price.status === 'unknown');
    }
  });

  test('no prices are guessed for another region', () => {
    expect(() => pricesOf('eu-west-1')).toThrow('no prices for the region eu-west-1');
  });
});
