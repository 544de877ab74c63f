import { describe, expect, it } from '@jest/globals';
import {
  checkMetadata,
  currentSnapshot,
  isAncestor,
  isOnMain,
  LINEAGE_PROPERTY,
  reachableFiles,
  snapshotById,
} from '../../../src/iceberg/index.ts';
import type { CommitOptions, Retention, Snapshot, Table, TableMetadata } from '../../../src/iceberg/index.ts';
import { commit, dataFile, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';
import type { MemoryIo } from './memory.ts';

const MINUTE = 60_000;
const RULE: Retention = {
  keepAllMs: MINUTE,
  maxRecent: 5,
  keepPerMinuteMs: 10 * MINUTE,
  keepPerHourMs: 120 * MINUTE,
};
const headOf = (metadata: TableMetadata): bigint => currentSnapshot(metadata)!['snapshot-id'];

async function grown(
  commits: number,
  stepMs: number,
  options: CommitOptions = { retention: RULE },
): Promise<{ io: MemoryIo; table: Table; all: Snapshot[] }> {
  const io = memoryIo();
  let table = await newTable(io);
  const all: Snapshot[] = [];
  for (let index = 0; index < commits; index += 1) {
    io.clock.ms += stepMs;
    table = await commit(io, table, { addedData: [dataFile()], summary: { index: String(index) } }, options);
    all.push(currentSnapshot(table.metadata)!);
  }
  return { io, table, all };
}

describe('trimming', () => {
  it('keeps the newest whole, then one a minute, then one an hour, and no more', async () => {
    const { io, table } = await grown(1_500, 10_000);
    const ages = table.metadata.snapshots
      .map((snapshot) => (io.clock.ms - snapshot['timestamp-ms']) / 1000)
      .reverse();
    expect(ages.slice(0, 5)).toEqual([0, 10, 20, 30, 40]);
    expect(ages.length).toBeLessThanOrEqual(5 + 11 + 3);
    expect(ages.filter((age) => age >= 600)).toEqual([600, 4200]);
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
  });

  it('never removes what a ref names, nor the newest protected snapshot, nor the head', async () => {
    const { io, table, all } = await grown(3, 1000);
    const tagged: Table = {
      ...table,
      metadata: {
        ...table.metadata,
        refs: { ...table.metadata.refs, keep: { 'snapshot-id': all[0]!['snapshot-id'], type: 'tag' } },
      },
    };
    io.clock.ms += 1000 * MINUTE;
    const retention: Retention = {
      keepAllMs: 0,
      keepPerHourMs: 0,
      protect: (snapshot) => snapshot.summary['index'] === '1',
    };
    const next = await commit(io, tagged, { addedData: [dataFile()] }, { retention });
    const kept = next.metadata.snapshots.map((snapshot) => snapshot['snapshot-id']);
    expect(kept).toEqual([all[0]!['snapshot-id'], all[1]!['snapshot-id'], headOf(next.metadata)]);
    expect(await checkMetadata(next.metadata, io)).toEqual([]);
  });

  it('cuts the snapshot log before the newest removed snapshot, so that time travel never lands in a gap', async () => {
    const { table } = await grown(100, 10_000);
    const log = table.metadata['snapshot-log'].map((entry) => entry['snapshot-id']);
    expect(log).toEqual(
      table.metadata.snapshots.slice(-log.length).map((snapshot) => snapshot['snapshot-id']),
    );
    expect(log.length).toBeLessThan(table.metadata.snapshots.length);
  });

  it('keeps the metadata log within the table property', async () => {
    const io = memoryIo();
    let table = await newTable(io, { 'write.metadata.previous-versions-max': '3' });
    for (let index = 0; index < 9; index += 1) table = await commit(io, table, { addedData: [dataFile()] });
    expect(table.metadata['metadata-log']).toHaveLength(3);
  });
});

describe('what may be deleted', () => {
  it('is nothing that a kept snapshot or the metadata log names', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    const options: CommitOptions = { retention: { keepAllMs: 0, keepPerHourMs: 0, keepMin: 2 } };
    const next = async (part: Parameters<typeof commit>[2]): Promise<void> => {
      io.clock.ms += 1000;
      table = await commit(io, table, part, options);
    };
    for (const path of ['a', 'b']) await next({ addedData: [dataFile(path)] });
    await next({ operation: 'delete', removedData: ['a'] });
    let reachable = await reachableFiles(io, table.metadata);
    expect(reachable.data).toEqual(new Set(['a', 'b']));
    const unreachable = [...io.store.objects.keys()].filter((path) => !reachable.metadata.has(path));
    // The current metadata file itself, and what only the first snapshot named.
    expect(unreachable.map((path) => path.replace(/.*\/|[0-9a-f-]{30,}|\d{6,}/g, '')).sort()).toEqual([
      '.metadata.json',
      'm0.avro',
      'snap.avro',
    ]);
    await next({ addedData: [dataFile('c')] });
    reachable = await reachableFiles(io, table.metadata);
    expect(reachable.data).toEqual(new Set(['b', 'c']));
  });
});

describe('ancestry', () => {
  it('is proven for every kept snapshot, across all that was trimmed', async () => {
    const { table } = await grown(400, 10_000);
    const { snapshots } = table.metadata;
    expect(table.metadata.properties[LINEAGE_PROPERTY]!.split(',').length).toBeGreaterThan(5);
    for (const snapshot of snapshots) expect(isOnMain(table.metadata, snapshot['snapshot-id'])).toBe('yes');
    const [oldest] = snapshots;
    expect(isAncestor(table.metadata, headOf(table.metadata), oldest!['snapshot-id'])).toBe('no');
  });

  it('is undecidable for a trimmed snapshot, but not for the parent that a kept one names', async () => {
    const { table, all } = await grown(60, 10_000);
    const gone = all.filter((snapshot) => !snapshotById(table.metadata, snapshot['snapshot-id']));
    const parents = new Set(table.metadata.snapshots.map((snapshot) => snapshot['parent-snapshot-id']));
    expect(gone.length).toBeGreaterThan(10);
    for (const snapshot of gone) {
      const id = snapshot['snapshot-id'];
      expect(isOnMain(table.metadata, id, snapshot['sequence-number'])).toBe(
        parents.has(id) ? 'yes' : 'undecidable',
      );
    }
  });

  it('is refused to a snapshot of a rolled-back history, while that is still known', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    for (const index of [0, 1]) table = await commit(io, table, { addedData: [dataFile(`r${index}`)] });
    const [first, abandoned] = table.metadata.snapshots as [Snapshot, Snapshot];
    const id = first['snapshot-id'];
    const back: TableMetadata = {
      ...table.metadata,
      'current-snapshot-id': id,
      refs: { main: { 'snapshot-id': id, type: 'branch' } },
      'snapshot-log': [...table.metadata['snapshot-log'], { 'timestamp-ms': io.clock.ms, 'snapshot-id': id }],
    };
    table = await commit(io, { ...table, metadata: back }, { addedData: [dataFile('r2')] });
    expect(isOnMain(table.metadata, abandoned['snapshot-id'])).toBe('no');
    expect(currentSnapshot(table.metadata)).toMatchObject({
      'sequence-number': 3n,
      'parent-snapshot-id': id,
    });
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
    // Not in the metadata at all, and the history is whole: it never was on main.
    expect(isOnMain(table.metadata, 42n)).toBe('no');
  });

  it('is never guessed when a foreign expiry removed the way, and honest about numbers above the walk', async () => {
    const { table, all } = await grown(10, 1000, { retention: { keepAllMs: 10 * MINUTE, keepPerHourMs: 0 } });
    const [oldest, , middle] = all as [Snapshot, Snapshot, Snapshot];
    const kept = [oldest, all[9]!];
    const metadata: TableMetadata = { ...table.metadata, snapshots: kept, 'snapshot-log': [] };
    expect(isOnMain(metadata, oldest['snapshot-id'])).toBe('undecidable');
    expect(isOnMain(metadata, middle['snapshot-id'], middle['sequence-number'])).toBe('undecidable');
    expect(isOnMain(metadata, all[8]!['snapshot-id'])).toBe('yes');
    expect(isOnMain(metadata, 42n, 11n)).toBe('no');
    expect(isAncestor(metadata, oldest['snapshot-id'], 77n)).toBe('undecidable');
  });

  it('has no answer but no in a table without a snapshot', async () => {
    const table = await newTable(memoryIo());
    expect(isOnMain(table.metadata, 1n)).toBe('no');
  });
});
