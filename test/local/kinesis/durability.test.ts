import { afterEach, describe, expect, test } from '@jest/globals';
import { appendFile, mkdir, open, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openLogFile, type LogFile } from '../../../src/local/kinesis/log-file.ts';
import { KinesisStore } from '../../../src/local/kinesis/store.ts';
import { drain } from '../../contract/stream.ts';
import { allTexts, cleanUp, entries, makeDirectory, openStore, realClock } from './harness.ts';

afterEach(cleanUp);

const SHARD = 'shardId-000000000000';

async function logFiles(dir: string): Promise<string[]> {
  const names = await readdir(dir, { recursive: true });
  return names
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(dir, name));
}

/** A closed store whose only shard holds `record 0` … `record 9`, put one by one. */
async function tenRecords(segmentBytes?: number): Promise<string> {
  const dir = await makeDirectory();
  const store = await openStore({
    dir,
    fsync: false,
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  await store.createStream('events', { shardCount: 1 });
  for (let i = 0; i < 10; i++) await store.putRecords('events', entries(`record ${i}`));
  await store.close();
  return dir;
}

async function texts(store: KinesisStore): Promise<string[]> {
  return (await drain(store, 'events', SHARD)).map((r) => Buffer.from(r.data).toString());
}

async function flip(file: string, offset: number): Promise<void> {
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, offset);
  byte[0] = byte[0]! ^ 0x40;
  await handle.write(byte, 0, 1, offset);
  await handle.close();
}

const ten = Array.from({ length: 10 }, (_, i) => `record ${i}`);

/** Fails as a full disk does, after some of the bytes are written. */
class FullDisk {
  full = false;
  truncateFails = false;
  syncFails = false;
  syncs = 0;

  readonly open = async (path: string): Promise<LogFile> => {
    const file = await openLogFile(path);
    const noSpace = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    return {
      write: async (bytes, position) => {
        await file.write(this.full ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes, position);
        if (this.full) throw noSpace();
      },
      datasync: async () => {
        this.syncs += 1;
        if (this.syncFails) throw noSpace();
        await file.datasync();
      },
      truncate: async (length) => {
        if (this.truncateFails) throw noSpace();
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  };
}

describe('durability', () => {
  test('a torn tail of any length is cut off, and nothing before it is lost', async () => {
    const dir = await tenRecords();
    const [file] = await logFiles(dir);
    const whole = await readFile(file!);
    const frame = whole.length / 10;
    for (let cut = 1; cut <= frame; cut += 7) {
      await writeFile(file!, whole.subarray(0, whole.length - cut));
      const store = await KinesisStore.open({ dir, clock: realClock });
      expect(await texts(store)).toEqual(ten.slice(0, 9));
      await store.putRecords('events', entries('record 9'));
      expect(await texts(store)).toEqual(ten);
      await store.close();
    }
  });

  test.each([
    ['zeros', Buffer.alloc(300)],
    ['noise', Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 7919) % 251))],
  ])('%s behind the last record are cut off', async (_, tail) => {
    const dir = await tenRecords();
    const [file] = await logFiles(dir);
    const { size } = await stat(file!);
    await appendFile(file!, tail);
    const store = await openStore({ dir });
    expect(await texts(store)).toEqual(ten);
    expect((await stat(file!)).size).toBe(size);
  });

  test('damage in the middle is named by file and offset, and nothing is cut off', async () => {
    const dir = await tenRecords();
    const [file] = await logFiles(dir);
    const { size } = await stat(file!);
    await flip(file!, (size / 10) * 4 + 25);
    await expect(KinesisStore.open({ dir, clock: realClock })).rejects.toMatchObject({
      kind: 'corrupt',
      context: { file, offset: (size / 10) * 4 },
    });
    expect((await stat(file!)).size).toBe(size);
  });

  test('damage in a sealed segment is found by the reader that comes to it', async () => {
    const dir = await tenRecords(100);
    const files = await logFiles(dir);
    expect(files.length).toBeGreaterThan(3);
    await flip(files[1]!, 30);
    const store = await openStore({ dir });
    await expect(texts(store)).rejects.toMatchObject({
      kind: 'corrupt',
      context: { file: files[1]!, offset: 0 },
    });
  });

  test('a sealed segment that is cut or gone is damage, not an end', async () => {
    const dir = await tenRecords(100);
    const files = await logFiles(dir);
    await truncate(files[1]!, 0);
    const cut = await openStore({ dir });
    await expect(texts(cut)).rejects.toMatchObject({ kind: 'corrupt', context: { file: files[1]! } });
    await cut.close();
    await rm(files[1]!);
    const gone = await openStore({ dir });
    await expect(texts(gone)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('a log that is not there is damage, not an empty shard', async () => {
    const dir = await tenRecords();
    for (const file of await logFiles(dir)) await rm(file);
    await expect(KinesisStore.open({ dir, clock: realClock })).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('metadata that cannot be read is damage, not an empty store', async () => {
    const dir = await tenRecords();
    await writeFile(join(dir, 'streams.json'), '{"version":1,"streams"');
    await expect(KinesisStore.open({ dir, clock: realClock })).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('metadata that is gone is damage, and the records are not swept away', async () => {
    const dir = await tenRecords();
    await rm(join(dir, 'streams.json'));
    await expect(KinesisStore.open({ dir, clock: realClock })).rejects.toMatchObject({ kind: 'corrupt' });
    expect(await logFiles(dir)).toHaveLength(1);
  });

  test('what an interrupted creation left behind is removed', async () => {
    const dir = await tenRecords();
    await writeFile(join(dir, 'streams.json.tmp'), 'half');
    const store = await openStore({ dir });
    await store.createStream('other', { shardCount: 1 });
    await store.close();
    const meta = JSON.parse(await readFile(join(dir, 'streams.json'), 'utf8')) as {
      streams: { name: string }[];
    };
    meta.streams = meta.streams.filter((stream) => stream.name !== 'other');
    await writeFile(join(dir, 'streams.json'), JSON.stringify(meta));
    await openStore({ dir });
    expect((await readdir(dir)).filter((name) => name.startsWith('stream-'))).toHaveLength(1);
  });

  test('a full disk fails the put with a retryable error, and the log goes on soundly when there is room', async () => {
    const dir = await makeDirectory();
    const disk = new FullDisk();
    const store = await openStore({ dir, openLogFile: disk.open });
    await store.createStream('events', { shardCount: 1 });
    await store.putRecords('events', entries('a', 'b'));
    disk.full = true;
    const { results, failed } = await store.putRecords('events', entries('lost 1', 'lost 2'));
    expect(failed).toBe(2);
    expect(results.map((r) => r.errorCode)).toEqual(['InternalFailure', 'InternalFailure']);
    expect(await texts(store)).toEqual(['a', 'b']);
    disk.full = false;
    disk.truncateFails = true;
    expect((await store.putRecords('events', entries('lost 3'))).failed).toBe(1);
    disk.truncateFails = false;
    expect((await store.putRecords('events', entries('c'))).failed).toBe(0);
    expect(await texts(store)).toEqual(['a', 'b', 'c']);
    await store.close();
    expect(await texts(await openStore({ dir }))).toEqual(['a', 'b', 'c']);
  });

  test('records that the disk did not confirm are not shown to readers', async () => {
    const disk = new FullDisk();
    const store = await openStore({ openLogFile: disk.open });
    await store.createStream('events', { shardCount: 1 });
    disk.syncFails = true;
    expect((await store.putRecords('events', entries('a'))).failed).toBe(1);
    expect(await texts(store)).toEqual([]);
    disk.syncFails = false;
    await store.putRecords('events', entries('b'));
    expect(await texts(store)).toEqual(['b']);
  });

  test('a full disk while the next segment begins leaves no gap behind', async () => {
    const dir = await makeDirectory();
    const disk = new FullDisk();
    let refuse = false;
    const store = await openStore({
      dir,
      segmentBytes: 100,
      openLogFile: async (path) => {
        const file = await disk.open(path);
        if (!refuse) return file;
        await file.close();
        throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
      },
    });
    await store.createStream('events', { shardCount: 1 });
    await store.putRecords('events', entries('a'.repeat(30)));
    refuse = true;
    expect((await store.putRecords('events', entries('lost'.repeat(20)))).failed).toBe(1);
    refuse = false;
    await store.putRecords('events', entries('b'));
    await store.putRecords('events', entries('c'));
    await store.close();
    expect(await texts(await openStore({ dir }))).toEqual(['a'.repeat(30), 'b', 'c']);
  });

  test('puts that wait together share one write to the disk', async () => {
    const disk = new FullDisk();
    const store = await openStore({ openLogFile: disk.open });
    await store.createStream('events', { shardCount: 1 });
    disk.syncs = 0;
    await Promise.all(Array.from({ length: 200 }, (_, i) => store.putRecords('events', entries(`${i}`))));
    expect(disk.syncs).toBeLessThanOrEqual(3);
    expect(await texts(store)).toHaveLength(200);
  });

  test('a shard that fails does not fail the records of the others', async () => {
    const disk = new FullDisk();
    const store = await openStore({
      openLogFile: (path) => (path.includes('shardId-000000000001') ? disk.open(path) : openLogFile(path)),
    });
    await store.createStream('events', { shardCount: 2 });
    disk.full = true;
    const { results, failed } = await store.putRecords('events', [
      { partitionKey: 'x', explicitHashKey: '0', data: Buffer.from('low') },
      { partitionKey: 'x', explicitHashKey: (2n ** 128n - 1n).toString(), data: Buffer.from('high') },
    ]);
    expect([failed, results[0]!.errorCode, results[1]!.errorCode]).toEqual([1, undefined, 'InternalFailure']);
    expect(await allTexts(store, 'events')).toEqual({ [SHARD]: ['low'], 'shardId-000000000001': [] });
  });

  test('a change of streams that cannot be stored changes nothing', async () => {
    const dir = await makeDirectory();
    const store = await openStore({ dir, fsync: false });
    await store.createStream('events', { shardCount: 2 });
    await rm(join(dir, 'streams.json'));
    // A directory in its place cannot be replaced by a file.
    await mkdir(join(dir, 'streams.json', 'x'), { recursive: true });
    await expect(store.scaleUniformly('events', 4)).rejects.toThrow();
    await expect(store.createStream('other', { shardCount: 1 })).rejects.toThrow();
    await rm(join(dir, 'streams.json'), { recursive: true });
    expect(await store.streamNames()).toEqual(['events']);
    expect((await store.shards('events')).map((s) => s.closed)).toEqual([false, false]);
    expect((await store.putRecords('events', entries('a', 'b', 'c'))).failed).toBe(0);
    await store.scaleUniformly('events', 4);
    await store.close();
    expect(
      Object.values(await allTexts(await openStore({ dir }), 'events'))
        .flat()
        .sort(),
    ).toEqual(['a', 'b', 'c']);
  });
});
