import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commitPending } from '../../src/commit/committer.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { quarantineTable, realtimeTable } from '../../src/definition/tables.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { Engine } from '../../src/engine/session.ts';
import { isKind } from '../../src/errors.ts';
import { positionOf, type RawBatch } from '../../src/ingest/event.ts';
import { deployTables } from '../../src/operate/deploy.ts';
import type { TableName } from '../../src/ports/catalog.ts';
import type { Row } from '../../src/ports/effects.ts';
import { liveSql } from '../local/support/compare.ts';
import { meters, reading, USAGE } from '../local/support/meters.ts';
import { dice, seedFrom, type Dice } from '../local/support/random.ts';
import { openAwsLake, WAREHOUSE, type AwsLake } from './aws-lake.ts';
import { clientsFor, createBucket, createTables, settingsFor, type Clients } from './aws.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { FAULTS, startFaultProxy, type Fault, type FaultProxy } from './fault-proxy.ts';

/** Calls that change something; reading fails too, but says nothing. */
const WRITES = [
  'PUT',
  'UpdateTable',
  'CreateTable',
  'TransactWriteItems',
  'UpdateItem',
  'PutItem',
  'BatchWriteItem',
];
/** Errors after which the event source and the sweep come again. */
const PASSING = ['unknown', 'unavailable', 'throttled', 'conflict'] as const;
const FIRST = 49_600_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000_000n;

const SEED = seedFrom('TIDEMARK_SEED');

describe(`exactly once over the AWS adapters, whatever becomes of requests and answers (TIDEMARK_SEED=${SEED})`, () => {
  let emulator: Emulator;
  let proxy: FaultProxy;
  let clients: Clients;
  let plan: Plan;
  let engine: Engine;
  let lake: AwsLake;
  let tables: TableName[];
  beforeAll(async () => {
    emulator = await startEmulator();
    proxy = await startFaultProxy(emulator.url);
    // An answer that never comes is given up after a fraction of the usual time.
    clients = clientsFor(settingsFor(proxy.url, { timeoutFactor: 0.05 }));
    plan = await compileLakehouse(meters);
    engine = await Engine.open({ threads: 2, memoryLimit: '500MB' });
    tables = [...plan.realtime.map((t) => realtimeTable(plan, t.name)), quarantineTable(plan)];
  });
  afterAll(async () => {
    clients.close();
    await engine.close();
    await proxy.close();
    await emulator.stop();
  });

  async function fresh(): Promise<void> {
    proxy.decide = () => undefined;
    proxy.made.clear();
    await emulator.reset();
    await createBucket(clients, 'lake');
    await createTables(clients, 'ledger', 'hot');
    lake = await openAwsLake(clients, plan, engine);
    await deployTables(lake.io, plan, WAREHOUSE);
  }

  /** Until it succeeds, as the event source and the committer's sweep do. */
  async function insist(work: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        if (attempt >= 40 || !isKind(error, ...PASSING)) throw error;
      }
    }
  }

  async function rows(sql: string): Promise<Row[]> {
    const session = await engine.session();
    try {
      return await session.rows(sql);
    } finally {
      await session.close();
    }
  }

  /** Two shards, each with its records in batches; some batches come twice or overlap. */
  function deliveries(roll: Dice, shards: number, records: number): { batches: RawBatch[][]; put: number } {
    let sequence = FIRST;
    let meter = 0;
    const batches = Array.from({ length: shards }, (_, shard) => {
      const all = Array.from({ length: records }, () => {
        const sequenceNumber = String(++sequence);
        const data = Buffer.from(JSON.stringify(reading(meter % 5, meter++)));
        return {
          position: positionOf(sequenceNumber),
          sequenceNumber,
          partitionKey: 'k',
          arrivedAt: 0,
          data,
        };
      });
      const of = (from: number, to: number): RawBatch => ({
        stream: 'readings',
        shard: `shardId-00000000000${shard}`,
        records: all.slice(from, to),
      });
      const made: RawBatch[] = [];
      for (let from = 0; from < records;) {
        const to = Math.min(records, from + 1 + roll.below(12));
        made.push(of(from, to));
        if (roll.chance(0.3)) made.push(of(Math.max(0, from - roll.below(5)), to));
        from = to;
      }
      return made;
    });
    return { batches, put: shards * records };
  }

  async function run(roll: Dice, records: number): Promise<number> {
    const { batches, put } = deliveries(roll, 2, records);
    const committing = { done: false };
    // Two committers a table: a lease that ran out must not be what correctness rests on.
    const commits = [1, 2].map(async () => {
      while (!committing.done)
        for (const table of tables) await insist(() => commitPending(lake.committer, table));
    });
    const shards = batches.map(async (ofShard) => {
      const processor = lake.processor('readings');
      for (const batch of ofShard)
        // Twice at once: a redelivery while the first attempt is still running.
        await Promise.all(
          (roll.chance(0.2) ? [batch, batch] : [batch]).map((b) => insist(() => processor.process(b))),
        );
    });
    await Promise.all(shards);
    committing.done = true;
    await Promise.all(commits);
    proxy.decide = () => undefined;
    await proxy.settle();
    for (const table of tables) await insist(() => commitPending(lake.committer, table));
    return put;
  }

  async function expectWhole(put: number): Promise<void> {
    const usage = `(${await liveSql(lake.io, USAGE)})`;
    const counted = 'count(*)::INT AS n, count(DISTINCT (_shard, _seq, _sub))::INT AS once';
    expect(await rows(`SELECT ${counted}, count(DISTINCT watts)::INT AS watts FROM ${usage}`)).toEqual([
      { n: put, once: put, watts: put },
    ]);
    const quarantine = await liveSql(lake.io, quarantineTable(plan));
    expect(await rows(`SELECT count(*)::INT AS n FROM (${quarantine})`)).toEqual([{ n: 0 }]);
    const newest = `SELECT meter, max(_ord) AS ord FROM ${usage} GROUP BY 1`;
    for (const { meter, ord } of await rows(newest))
      expect(await lake.hotStore.get('usage', meter as string)).toMatchObject({ ord });
  }

  for (const fault of FAULTS)
    test(`every write ${fault} now and then`, async () => {
      await fresh();
      const roll = dice(SEED + FAULTS.indexOf(fault));
      const share = fault === 'applied-silent' ? 0.04 : 0.12;
      proxy.decide = (operation): Fault | undefined =>
        WRITES.includes(operation) && roll.chance(share) ? fault : undefined;
      await expectWhole(await run(roll, 60));
      expect([...proxy.made.values()].reduce((a, b) => a + b, 0)).toBeGreaterThan(3);
      await lake.close();
    });

  test('everything at once, reads included', async () => {
    await fresh();
    const roll = dice(SEED);
    proxy.decide = (operation): Fault | undefined => {
      if (WRITES.includes(operation)) return roll.chance(0.1) ? roll.pick(FAULTS) : undefined;
      return roll.chance(0.03) ? roll.pick(['throttled', 'lost'] as const) : undefined;
    };
    await expectWhole(await run(roll, 80));
    await lake.close();
  });
});
