import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { commitPending } from '../../src/commit/committer.ts';
import { readMark } from '../../src/commit/mark.ts';
import { column, defineLakehouse } from '../../src/definition/index.ts';
import { realtimeTable } from '../../src/definition/tables.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';
import { Engine } from '../../src/engine/session.ts';
import { checkMetadata, currentSchema, planScan, requireTable } from '../../src/iceberg/index.ts';
import { Processor } from '../../src/ingest/processor.ts';
import { openStores, type LocalStores } from '../../src/local/stores.ts';
import { LocalUnreferencedLog } from '../../src/local/maintain-loop.ts';
import { cleanTable } from '../../src/operate/clean.ts';
import { compactTable } from '../../src/operate/compact.ts';
import { deployTables } from '../../src/operate/deploy.ts';
import { liveSql, withSession } from './support/compare.ts';
import { silentLog } from './support/log.ts';

const lake = defineLakehouse('tide', {
  streams: { readings: { columns: { id: column.int(), at_time: column.timestamp() }, eventTime: 'at_time' } },
  realtime: { readings: { from: 'readings' } },
});

describe('maintenance of a real-time table', () => {
  let folder: string;
  let stores: LocalStores;
  let engine: Engine;
  let plan: Plan;
  let processor: Processor;
  let put = 0;
  const name = realtimeTable({ name: 'tide' }, 'readings');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-maintenance-'));
    put = 0;
    stores = openStores(folder, true);
    engine = await Engine.open({ threads: 2 });
    plan = await compileLakehouse(lake);
    await deployTables(stores.io, plan, stores.warehouse);
    const { io, ledger, hotStore, notifier, scratch, warehouse } = stores;
    processor = new Processor(plan, 1, 'readings', {
      ledger,
      engine,
      hotStore,
      notifier,
      clock: io.clock,
      log: silentLog,
      staging: { store: io.store, random: io.random, prefix: `${warehouse}_staged/`, scratch },
      destination: async (table) => ({
        name: table,
        schema: currentSchema((await requireTable(io, table)).metadata),
      }),
    });
  });
  afterEach(async () => {
    await engine.close();
    await stores.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ports = () => ({ ...stores, engine, log: new LocalUnreferencedLog(stores.database) });
  const committer = () => ({ ...stores, log: silentLog });
  async function ingest(shard: string, records: number): Promise<void> {
    const batch = Array.from({ length: records }, () => {
      put++;
      return {
        position: String(put).padStart(56, '0'),
        sequenceNumber: String(put),
        partitionKey: 'k',
        arrivedAt: 0,
        data: Buffer.from(JSON.stringify({ id: put, at_time: '2024-01-01T00:00:00Z' })),
      };
    });
    await processor.process({ stream: 'readings', shard, records: batch });
  }
  async function ids(): Promise<string> {
    const sql = await liveSql(stores.io, name);
    return withSession(async (s) =>
      JSON.stringify(await s.rows(`SELECT id, _shard, _seq FROM (${sql}) ORDER BY id`)),
    );
  }
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
