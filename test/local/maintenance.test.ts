import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { commitPending } from '../../src/commit/committer.ts';
import { readMark } from '../../src/commit/mark.ts';
import { realtimeTable } from '../../src/definition/tables.ts';
import type { Engine } from '../../src/engine/session.ts';
import { checkMetadata, planScan, requireTable } from '../../src/iceberg/index.ts';
import { LocalUnreferencedLog } from '../../src/local/maintain-loop.ts';
import type { LocalStores } from '../../src/local/stores.ts';
import { cleanTable } from '../../src/operate/clean.ts';
import { compactTable } from '../../src/operate/compact.ts';
import { openLake, type Lake } from './support/readings.ts';
import { silentLog } from './support/log.ts';

describe('maintenance of a real-time table', () => {
  let lake: Lake;
  let stores: LocalStores;
  let engine: Engine;
  const name = realtimeTable({ name: 'tide' }, 'readings');
  beforeEach(async () => {
    lake = await openLake();
    ({ stores, engine } = lake);
  });
  afterEach(() => lake.close());

  const ports = () => ({ ...stores, engine, log: new LocalUnreferencedLog(stores.database) });
  const committer = () => ({ ...stores, log: silentLog });
  async function ingest(shard: string, records: number): Promise<void> {
    await lake.processor.process({ stream: 'readings', shard, records: lake.records(records) });
  }
  const ids = async (): Promise<string> => JSON.stringify(await lake.rows(name, 'id'));
  async function filled(batches: number): Promise<void> {
    for (let i = 0; i < batches; i++) {
      await ingest(`shardId-00000000000${i % 2}`, 3);
      await commitPending(committer(), name);
    }
  }

  test('merging small files changes no row, no position and not the tidemark', async () => {
    await filled(40);
    const before = {
      rows: await ids(),
      mark: await readMark(stores.io.store, await requireTable(stores.io, name)),
    };
    expect(await compactTable(ports(), name)).toEqual({ outcome: 'committed', files: 20, rows: 60 });
    expect(await compactTable(ports(), name)).toEqual({ outcome: 'committed', files: 20, rows: 60 });
    expect(await compactTable(ports(), name)).toMatchObject({ outcome: 'nothing' });
    const table = await requireTable(stores.io, name);
    expect({ rows: await ids(), mark: await readMark(stores.io.store, table) }).toEqual(before);
    expect((await planScan(stores.io, table)).files).toHaveLength(2);
    expect(await checkMetadata(table.metadata, stores.io)).toEqual([]);
  });

  test('a merged file still speaks of one shard and one range, so that positions prune it', async () => {
    await filled(40);
    await compactTable(ports(), name);
    await compactTable(ports(), name);
    const table = await requireTable(stores.io, name);
    const plan = await planScan(stores.io, table, {
      where: {
        and: [
          { column: '_shard', op: '=', value: 'shardId-000000000001' },
          { column: '_seq', op: '>', value: '0' },
        ],
      },
    });
    expect(plan.files).toHaveLength(1);
  });

  test('rows that are committed while files are merged stay, and the merge lands on top of them', async () => {
    await filled(30);
    const { io } = stores;
    let raced = false;
    const store = new Proxy(io.store, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key);
        if (typeof member !== 'function') return member;
        if (key !== 'putFile') return member.bind(target) as unknown;
        return async (uri: string, path: string) => {
          await target.putFile(uri, path);
          if (raced) return;
          raced = true;
          await ingest('shardId-000000000000', 5);
          await commitPending(committer(), name);
        };
      },
    });
    expect(await compactTable({ ...ports(), io: { ...io, store } }, name)).toMatchObject({
      outcome: 'committed',
    });
    expect(JSON.parse(await ids())).toHaveLength(95);
  });

  test('what nothing names goes only after it was unnamed for the whole time', async () => {
    await filled(40);
    await compactTable(ports(), name);
    await compactTable(ports(), name);
    const rows = await ids();
    let now = stores.io.clock.now();
    const io = { ...stores.io, clock: { ...stores.io.clock, now: () => now } };
    const settings = {
      keepMs: 1_000,
      prefixes: [`${stores.warehouse}_staged/${name.database}/${name.table}/`],
    };
    // The claimed file that no commit names yet must survive, however old it gets.
    await ingest('shardId-000000000000', 2);
    const orphan = `${(await requireTable(io, name)).metadata.location}/data/orphan.parquet`;
    await io.store.put(orphan, Buffer.from('never committed'));
    expect(await cleanTable({ ...ports(), io }, name, settings)).toBe(0);
    now += 999;
    expect(await cleanTable({ ...ports(), io }, name, settings)).toBe(0);
    now += 1;
    expect(await cleanTable({ ...ports(), io }, name, settings)).toBe(1);
    expect(await io.store.head(orphan)).toBeUndefined();
    expect(await ids()).toBe(rows);
    const files: string[] = [];
    for await (const object of stores.io.store.list(`${stores.warehouse}_staged/`)) files.push(object.uri);
    expect(files.length).toBeGreaterThanOrEqual(1);
    await commitPending(committer(), name);
    expect(JSON.parse(await ids())).toHaveLength(122);
  });
});
