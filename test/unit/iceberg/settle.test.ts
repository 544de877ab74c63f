import { describe, expect, it } from '@jest/globals';
import {
  commitMetadata,
  commitSnapshot,
  planScan,
  requireTable,
  serialiseMetadata,
} from '../../../src/iceberg/index.ts';
import type { CommitOptions, CommitOutcome, Table } from '../../../src/iceberg/index.ts';
import { change, commit, dataFile, NAME, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';
import type { MemoryIo } from './memory.ts';

const OPTIONS: CommitOptions = { settle: { attempts: 3, waitMs: 100 } };
const append = (io: MemoryIo, base: Table, path: string): Promise<CommitOutcome> =>
  commitSnapshot(io, base, () => change({ addedData: [dataFile(path)] }), OPTIONS);
const live = async (io: MemoryIo): Promise<string[]> =>
  (await planScan(io, await requireTable(io, NAME))).files.map(({ file }) => file.path);

async function started(): Promise<{ io: MemoryIo; table: Table }> {
  const io = memoryIo();
  return { io, table: await commit(io, await newTable(io), { addedData: [dataFile('a')] }) };
}

describe('an unknown answer', () => {
  it('is committed when the swap took effect', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('applied');
    expect((await append(io, table, 'b')).kind).toBe('committed');
    expect(await live(io)).toEqual(['a', 'b']);
  });

  it('is committed by trying the same swap again when it did not', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('lost');
    expect((await append(io, table, 'b')).kind).toBe('committed');
    expect(await live(io)).toEqual(['a', 'b']);
  });

  it('never commits twice when the lost request arrives after the repeated one', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('delayed');
    expect((await append(io, table, 'b')).kind).toBe('committed');
    io.catalog.land();
    expect(await live(io)).toEqual(['a', 'b']);
    expect((await requireTable(io, NAME)).metadata.snapshots).toHaveLength(2);
  });

  /** Foreign commits happen after the swap and before the first look. */
  function onTop(io: MemoryIo, ...names: string[]): void {
    const load = io.catalog.load.bind(io.catalog);
    io.catalog.load = async (name) => {
      io.catalog.load = load;
      for (const path of names)
        await commit(io, await requireTable(io, NAME), { addedData: [dataFile(path)] });
      return load(name);
    };
  }

  it('is committed when somebody committed on top meanwhile', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('applied');
    onTop(io, 'foreign');
    const outcome = await append(io, table, 'b');
    expect(outcome.kind).toBe('committed');
    expect(await live(io)).toEqual(['a', 'b', 'foreign']);
    if (outcome.kind === 'committed') expect(outcome.table).toEqual(await requireTable(io, NAME));
  });

  it('is committed when our file has left the metadata log but our snapshot is an ancestor', async () => {
    const io = memoryIo();
    const table = await newTable(io, { 'write.metadata.previous-versions-max': '1' });
    io.catalog.faults.push('applied');
    onTop(io, 'x', 'y', 'z');
    expect((await append(io, table, 'b')).kind).toBe('committed');
    expect(await live(io)).toEqual(['b', 'x', 'y', 'z']);
  });

  it('is committed without a snapshot when our file is in the metadata log', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('applied');
    onTop(io, 'x');
    expect((await commitMetadata(io, table, { setProperties: { a: '1' } })).kind).toBe('committed');
    expect((await requireTable(io, NAME)).metadata.properties['a']).toBe('1');
  });

  it('stays unknown when neither log nor ancestry can tell', async () => {
    const io = memoryIo();
    const table = await newTable(io, { 'write.metadata.previous-versions-max': '1' });
    io.catalog.faults.push('applied');
    onTop(io, 'x', 'y', 'z');
    expect((await commitMetadata(io, table, { setProperties: { a: '1' } })).kind).toBe('unknown');
  });

  it('is a conflict when somebody else took the version: the lost request cannot take effect any more', async () => {
    const { io, table } = await started();
    await commit(io, table, { addedData: [dataFile('other')] });
    io.catalog.faults.push('delayed');
    expect((await append(io, table, 'b')).kind).toBe('conflict');
    io.catalog.land();
    expect(await live(io)).toEqual(['a', 'other']);
  });

  it('stays unknown while nothing can be read, and nothing is deleted', async () => {
    const { io, table } = await started();
    const objects = io.store.objects.size;
    io.catalog.faults.push('applied');
    io.catalog.failLoads = 100;
    const outcome = await append(io, table, 'b');
    expect(outcome.kind).toBe('unknown');
    io.catalog.failLoads = 0;
    expect(await live(io)).toEqual(['a', 'b']);
    expect(io.store.objects.size).toBe(objects + 3);
  });

  it('stays unknown when the requests stay under way', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('delayed', 'delayed', 'delayed', 'delayed', 'delayed');
    const before = io.clock.ms;
    expect((await append(io, table, 'b')).kind).toBe('unknown');
    expect(io.clock.ms - before).toBe(200);
    io.catalog.land();
    expect(await live(io)).toEqual(['a', 'b']);
  });

  it('is settled by the metadata log when the commit made no snapshot', async () => {
    const { io, table } = await started();
    io.catalog.faults.push('applied');
    expect((await commitMetadata(io, table, { setProperties: { a: '1' } })).kind).toBe('committed');
    expect((await requireTable(io, NAME)).metadata.properties['a']).toBe('1');
    const stale = await commitMetadata(io, table, { setProperties: { a: '2' } });
    expect(stale.kind).toBe('conflict');
    io.catalog.faults.push('lost');
    expect((await commitMetadata(io, table, { setProperties: { a: '2' } })).kind).toBe('conflict');
  });
});

describe('a conflict', () => {
  it('that a client got for its own success is a success', async () => {
    const { io, table } = await started();
    const swap = io.catalog.swap.bind(io.catalog);
    io.catalog.swap = async (...call) => {
      await swap(...call);
      return swap(...call);
    };
    expect((await append(io, table, 'b')).kind).toBe('committed');
    expect(await live(io)).toEqual(['a', 'b']);
  });

  it('leaves the table to the winner', async () => {
    const { io, table } = await started();
    const [one, two] = await Promise.all([append(io, table, 'b'), append(io, table, 'c')]);
    expect([one.kind, two.kind].sort()).toEqual(['committed', 'conflict']);
    expect(await live(io)).toHaveLength(2);
  });

  it('is what a commit on an overwritten history gets, and not silence', async () => {
    const { io, table } = await started();
    const next = await append(io, table, 'b');
    if (next.kind !== 'committed') throw new Error(next.kind);
    // A foreign ALTER that raced us: written from the older base, without a version.
    const location = 'mem://lake/events/metadata/00002-alter.metadata.json';
    await io.store.put(location, serialiseMetadata(table.metadata));
    io.catalog.overwrite(NAME, location);
    expect((await append(io, next.table, 'c')).kind).toBe('conflict');
  });
});

describe('after a commit', () => {
  it('that stands although the pointer cannot be read, the next one conflicts and its caller reloads', async () => {
    const { io, table } = await started();
    io.catalog.failLoads = 1;
    const outcome = await append(io, table, 'b');
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    expect((await append(io, outcome.table, 'c')).kind).toBe('conflict');
    expect((await append(io, await requireTable(io, NAME), 'c')).kind).toBe('committed');
    expect(await live(io)).toEqual(['a', 'b', 'c']);
  });
});
