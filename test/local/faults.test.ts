import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TidemarkError } from '../../src/errors.ts';
import { BIRTH } from '../../src/ports/ledger.ts';
import { FaultyCatalog, faultyLedger, FaultyStore, type FaultyLedger } from './support/faulty.ts';
import { Lake } from './support/lake.ts';
import { expectWhole, meters, reading, readings, SHARD, USAGE } from './support/meters.ts';
import { keepingLog } from './support/log.ts';
import { dice, seedFrom } from './support/random.ts';

describe('failures', () => {
  let lake: Lake;
  let store: FaultyStore;
  let catalog: FaultyCatalog;
  let ledger: FaultyLedger;
  let log: ReturnType<typeof keepingLog>;
  beforeEach(async () => {
    log = keepingLog();
    lake = await Lake.open(meters, {
      store: (inner) => (store = new FaultyStore(inner)),
      catalog: (inner) => (catalog = new FaultyCatalog(inner)),
      ledger: (inner) => (ledger = faultyLedger(inner)),
      log,
    });
  });
  afterEach(() => lake.close());

  describe('a full disk', () => {
    test('while files are staged: nothing is claimed, nothing quarantined, and the same batch arrives later', async () => {
      const batch = lake.batch('readings', SHARD, readings(20));
      store.full = () => true;
      for (let i = 0; i < 3; i++)
        await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unavailable' });
      expect(await ledger.shard(batch)).toMatchObject({ claimed: BIRTH, effected: BIRTH });
      store.full = () => false;
      await lake.ingest(batch);
      await expectWhole(lake, 20);
    });

    test('between the files of two tables of one batch', async () => {
      const batch = lake.batch('readings', SHARD, [...readings(5), reading(1, 2000)]);
      store.full = (uri) => uri.includes('/peaks/');
      await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unavailable' });
      store.full = () => false;
      await lake.ingest(batch);
      expect(await lake.commit({ ...USAGE, table: 'peaks' })).toBeDefined();
      await expectWhole(lake, 6);
    });

    test.each(['metadata.json', '/snap-', '/metadata/tidemark-', '-m0.avro'])(
      'while a commit writes %s',
      async (part) => {
        await lake.put('readings', readings(7));
        store.full = (uri) => uri.includes(part);
        await expect(lake.commit(USAGE)).rejects.toMatchObject({ kind: 'unavailable' });
        expect(store.refused).toBeGreaterThan(0);
        await lake.put('readings', readings(3));
        store.full = () => false;
        await expectWhole(lake, 10);
      },
    );

    test.each(['/data/', 'metadata/'])('while a merge or an aggregate writes below %s', async (part) => {
      await lake.put('readings', readings(10));
      await lake.commitAll();
      const before = await readdir(lake.stores.scratch);
      store.full = (uri) => /_(silver|gold)\//.test(uri) && uri.includes(part);
      await expect(lake.step('merge', 'latest')).rejects.toMatchObject({ kind: 'unavailable' });
      store.full = (uri) => uri.includes('_gold/') && uri.includes(part);
      await lake.step('merge', 'latest');
      await expect(lake.step('aggregate', 'totals')).rejects.toMatchObject({ kind: 'unavailable' });
      expect(await readdir(lake.stores.scratch)).toEqual(before);
      store.full = () => false;
      await expectWhole(lake, 10);
    });

    test('an attempt that failed leaves no file behind, or retries would fill the disk themselves', async () => {
      const batch = lake.batch('readings', SHARD, readings(20));
      store.full = () => true;
      await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unavailable' });
      expect(await readdir(lake.stores.scratch)).toEqual([]);
    });

    test('a batch of which a table takes nothing leaves no file behind', async () => {
      await lake.put('readings', [reading(1, 5)]);
      expect(await readdir(lake.stores.scratch)).toEqual([]);
    });
  });

  describe('a claim', () => {
    test('whose answer was lost after it took effect is recognised: its records come once', async () => {
      const batch = lake.batch('readings', SHARD, readings(9));
      ledger.faults.push('applied');
      await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unknown' });
      await lake.ingest(batch);
      await expectWhole(lake, 9);
      expect((await ledger.shard(batch)).effected).toBe(batch.records.at(-1)!.position);
    });

    test('whose answer was lost before it took effect is made again', async () => {
      const batch = lake.batch('readings', SHARD, readings(9));
      ledger.faults.push('lost', 'lost');
      for (let i = 0; i < 2; i++) await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unknown' });
      await lake.ingest(batch);
      await expectWhole(lake, 9);
    });

    test('is followed by its effects also when the process ended in between', async () => {
      const batch = lake.batch('readings', SHARD, [reading(1, 950), reading(1, 3)]);
      ledger.failEffects = true;
      await expect(lake.ingest(batch)).rejects.toMatchObject({ kind: 'unavailable' });
      ledger.failEffects = false;
      await lake.ingest(batch);
      expect(lake.stores.notifier.count()).toBe(1);
      expect((await lake.stores.hotStore.get('usage', 'm1'))?.row.watts).toBe(3);
      await expectWhole(lake, 2);
    });

    test('of one shard by two processors at once: overlapping batches come once', async () => {
      const all = lake.batch('readings', SHARD, readings(40)).records;
      const part = (from: number, to: number) => ({
        stream: 'readings',
        shard: SHARD,
        records: all.slice(from, to),
      });
      const one = lake.processor('readings');
      const other = lake.processor('readings');
      await Promise.all([one.process(part(0, 25)), other.process(part(0, 15))]);
      await Promise.all([one.process(part(10, 40)), other.process(part(0, 40)), one.process(part(20, 30))]);
      await expectWhole(lake, 40);
      const total = (await lake.ledger.intents(USAGE, part(0, 1), BIRTH, 1000)).reduce(
        (n, i) => n + i.counts.written,
        0,
      );
      expect(total).toBe(40);
    });

    test('by an older plan is refused once a newer one claims', async () => {
      await lake.processor('readings', 2).process(lake.batch('readings', SHARD, readings(2)));
      const late = lake.batch('readings', SHARD, readings(2));
      await expect(lake.processor('readings', 1).process(late)).rejects.toMatchObject({ kind: 'refused' });
      await lake.processor('readings', 2).process(late);
      await expectWhole(lake, 4);
    });
  });

  describe('a commit', () => {
    test.each([
      ['took effect and the answer was lost', ['applied']],
      ['was lost', ['lost']],
      ['was lost again and again', ['lost', 'lost', 'lost']],
      ['lost against others many times', Array<'conflict'>(12).fill('conflict')],
      ['had every fault there is', ['conflict', 'lost', 'applied', 'conflict', 'lost'] as const],
    ] as const)('that %s comes once', async (_, faults) => {
      await lake.put('readings', readings(8));
      catalog.faults.push(...faults);
      await lake.commit(USAGE);
      await expectWhole(lake, 8);
    });

    test('whose outcome cannot be found out says so, deletes nothing, and is found by the next', async () => {
      await lake.put('readings', readings(8));
      catalog.faults.push('applied');
      const swap = catalog.swap.bind(catalog);
      catalog.swap = async (...args) => {
        const outcome = await swap(...args);
        catalog.unreadable = true;
        return outcome;
      };
      await expect(lake.commit(USAGE)).rejects.toMatchObject({ kind: 'unknown' });
      catalog.swap = swap;
      catalog.unreadable = false;
      expect(await lake.commit(USAGE)).toBeUndefined();
      await expectWhole(lake, 8);
    });

    test('by several committers at once: each intent once', async () => {
      for (let i = 0; i < 6; i++) await lake.put('readings', readings(3));
      await Promise.all(Array.from({ length: 4 }, () => lake.commit(USAGE)));
      await expectWhole(lake, 18);
    });

    test('waits at a gap between claims, and says so', async () => {
      const [first, second] = [
        lake.batch('readings', SHARD, readings(2)),
        lake.batch('readings', SHARD, readings(2)),
      ];
      await lake.ingest(first);
      await lake.ingest(second);
      ledger.intents = async (...args) =>
        (await lake.stores.ledger.intents(...args)).filter((i) => i.after !== BIRTH);
      expect(await lake.commit(USAGE)).toBeUndefined();
      expect(log.lines).toContain('an intent does not chain onto the tidemark; waiting');
      ledger.intents = (...args) => lake.stores.ledger.intents(...args);
      await expectWhole(lake, 4);
    });
  });

  describe('a merge', () => {
    test('that conflicts reads again what is there now', async () => {
      await lake.put('readings', readings(10));
      await lake.commitAll();
      catalog.faults.push('conflict', 'conflict');
      await lake.step('merge', 'latest');
      catalog.faults.push('conflict');
      await lake.step('aggregate', 'totals');
      await expectWhole(lake, 10);
    });

    test.each(['merge', 'aggregate'] as const)(
      'a %s whose answer was lost after it took effect is not done twice',
      async (kind) => {
        await lake.put('readings', readings(10));
        await lake.commitAll();
        if (kind === 'aggregate') await lake.step('merge', 'latest');
        catalog.faults.push('applied');
        await lake.step(kind, kind === 'merge' ? 'latest' : 'totals');
        await expectWhole(lake, 10);
      },
    );

    test('two at once leave one result', async () => {
      for (let i = 0; i < 3; i++) {
        await lake.put('readings', readings(10));
        await lake.commitAll();
        await Promise.all([
          lake.step('merge', 'latest'),
          lake.step('merge', 'latest'),
          lake.step('aggregate', 'totals'),
        ]);
      }
      await expectWhole(lake, 30);
    });
  });

  const seed = seedFrom('FAULTS_SEED');
  test(`random faults at every port, and ends between any two steps (FAULTS_SEED=${seed})`, async () => {
    const roll = dice(seed);
    let put = 0;
    let pending = [lake.batch('readings', SHARD, [])].slice(1);
    for (let i = 0; i < 60; i++) {
      if (roll.chance(0.4)) catalog.faults.push(roll.pick(['applied', 'lost', 'conflict']));
      if (roll.chance(0.2)) ledger.faults.push(roll.pick(['applied', 'lost']));
      store.full = roll.chance(0.2) ? () => roll.chance(0.3) : () => false;
      try {
        const action = roll.below(10);
        if (action < 4) {
          const batch = pending[0] ?? lake.batch('readings', SHARD, readings(1 + roll.below(5)));
          if (pending.length === 0) put += batch.records.length;
          pending = [batch]; // until it is acknowledged, the event source gives nothing else
          await lake.ingest(batch);
          pending = [];
        } else if (action < 7) await lake.commit(USAGE);
        else if (action < 9) await lake.step('merge', 'latest');
        else await lake.step('aggregate', 'totals');
      } catch (error) {
        expect(error).toBeInstanceOf(TidemarkError);
        expect(['unknown', 'unavailable']).toContain((error as TidemarkError).kind);
      }
    }
    store.full = () => false;
    catalog.faults.length = 0;
    ledger.faults.length = 0;
    for (const batch of pending) await lake.ingest(batch);
    await expectWhole(lake, put);
  });
});
