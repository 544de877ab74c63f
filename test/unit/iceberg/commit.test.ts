import { describe, expect, it } from '@jest/globals';
import {
  changedFiles,
  checkMetadata,
  commitMetadata,
  commitSnapshot,
  createTable,
  currentSchema,
  currentSnapshot,
  loadTable,
  ManifestCache,
  parseMetadata,
  planScan,
  requireTable,
  serialiseMetadata,
} from '../../../src/iceberg/index.ts';
import type { Table, TableIo } from '../../../src/iceberg/index.ts';
import { readManifestList } from '../../../src/iceberg/manifest-list.ts';
import type { ManifestFile } from '../../../src/iceberg/manifest-list.ts';
import { change, COLUMNS, commit, dataFile, deleteFile, NAME, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';
import type { MemoryIo } from './memory.ts';

const paths = async (io: TableIo, table: Table): Promise<string[]> =>
  (await planScan({ ...io, cache: new ManifestCache() }, table)).files.map(({ file }) => file.path);
const listOf = (io: MemoryIo, table: Table): ManifestFile[] =>
  readManifestList(io.store.objects.get(currentSnapshot(table.metadata)!['manifest-list'])!);

describe('creating a table', () => {
  it('twice gives the same table, whatever the second asks for', async () => {
    const io = memoryIo();
    const first = await newTable(io);
    const second = await createTable(io, NAME, { location: 'mem://elsewhere', schema: [] });
    expect(second).toEqual(first);
    expect(await checkMetadata(first.metadata, io)).toEqual([]);
  });

  it.each(['applied', 'lost', 'delayed'] as const)(
    'is finished when the answer was lost (%s)',
    async (fault) => {
      const io = memoryIo();
      io.catalog.faults.push(fault);
      const table = await newTable(io);
      io.catalog.land();
      expect((await requireTable(io, NAME)).metadata).toEqual(table.metadata);
    },
  );

  it('says unknown rather than guess', async () => {
    const io = memoryIo();
    io.catalog.faults.push('lost', 'lost', 'lost');
    await expect(newTable(io)).rejects.toMatchObject({ kind: 'unknown' });
  });

  it('reads nothing where there is none, and calls a lost metadata file corrupt', async () => {
    const io = memoryIo();
    expect(await loadTable(io, NAME)).toBeUndefined();
    await expect(requireTable(io, NAME)).rejects.toMatchObject({ kind: 'notFound' });
    io.catalog.overwrite(NAME, 'mem://gone.metadata.json');
    await expect(loadTable(io, NAME)).rejects.toMatchObject({ kind: 'corrupt' });
  });
});

describe('a commit', () => {
  it('is one snapshot with its parent, its number, its totals and its properties', async () => {
    const io = memoryIo();
    let table = await newTable(io, { keep: '1', drop: '1' });
    table = await commit(io, table, { addedData: [dataFile('a')], summary: { 'tidemark.commit': 'x' } });
    const setProperties = { mark: 'm1' };
    table = await commit(io, table, {
      addedData: [dataFile('b')],
      setProperties,
      removeProperties: ['drop'],
    });
    const [first, second] = table.metadata.snapshots;
    expect(second).toMatchObject({
      'parent-snapshot-id': first!['snapshot-id'],
      'sequence-number': 2n,
      'schema-id': 0,
    });
    expect(first!.summary).toEqual({
      'tidemark.commit': 'x',
      operation: 'append',
      'added-data-files': '1',
      'added-records': '10',
      'added-files-size': '1010',
      'changed-partition-count': '1',
      'total-records': '10',
      'total-files-size': '1010',
      'total-data-files': '1',
      'total-delete-files': '0',
      'total-position-deletes': '0',
      'total-equality-deletes': '0',
    });
    expect(second!.summary).toMatchObject({ 'total-records': '20', 'total-data-files': '2' });
    expect(table.metadata.properties).toEqual({ keep: '1', mark: 'm1' });
    expect(table.entry.metadataLocation).toMatch(/\/metadata\/00002-[0-9a-f-]{36}\.metadata\.json$/);
    expect(table.metadata['metadata-log']).toHaveLength(2);
    expect(parseMetadata(io.store.objects.get(table.entry.metadataLocation)!)).toEqual(table.metadata);
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
  });

  it('keeps the numbers of old entries when it folds them into its manifest', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    for (const path of ['a', 'b', 'c']) table = await commit(io, table, { addedData: [dataFile(path)] });
    const list = listOf(io, table);
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({
      addedFiles: 1,
      existingFiles: 2,
      minSequenceNumber: 1n,
      sequenceNumber: 3n,
    });
    const plan = await planScan({ ...io, cache: new ManifestCache() }, table);
    expect(plan.files.map(({ file, sequenceNumber }) => [file.path, sequenceNumber])).toEqual([
      ['a', 1n],
      ['b', 2n],
      ['c', 3n],
    ]);
  });

  it('writes removed files as deleted once, and forgets them in the next commit', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a'), dataFile('b')] });
    const before = currentSnapshot(table.metadata)!['snapshot-id'];
    table = await commit(io, table, { operation: 'delete', removedData: ['a'] });
    expect(listOf(io, table).map(({ existingFiles, deletedFiles }) => [existingFiles, deletedFiles])).toEqual(
      [
        [1, 0],
        [0, 1],
      ],
    );
    expect(currentSnapshot(table.metadata)!.summary).toMatchObject({
      'deleted-data-files': '1',
      'total-records': '10',
    });
    const diff = await changedFiles(io, table, before, currentSnapshot(table.metadata)!['snapshot-id']);
    expect(diff).toMatchObject({ addedData: [], removedData: [{ file: { path: 'a' } }] });
    table = await commit(io, table, { addedData: [dataFile('c')] });
    expect(listOf(io, table)).toHaveLength(1);
    expect(await paths(io, table)).toEqual(['b', 'c']);
  });

  it('starts a new manifest when the newest is full, and leaves full ones alone', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    for (let index = 0; index < 9; index += 1) {
      table = await commit(io, table, { addedData: [dataFile(String(index))] }, { manifestEntries: 4 });
    }
    const list = listOf(io, table);
    expect(list.map((manifest) => manifest.addedFiles + manifest.existingFiles)).toEqual([1, 4, 4]);
    expect(list[2]!.sequenceNumber).toBe(4n);
    table = await commit(
      io,
      table,
      { addedData: Array.from({ length: 10 }, () => dataFile()) },
      { manifestEntries: 4 },
    );
    expect(listOf(io, table).map((manifest) => manifest.addedFiles + manifest.existingFiles)).toEqual([
      3, 4, 4, 4, 4,
    ]);
  });

  it('rewrites an entry a few times in its life, not at every commit', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    let rewritten = 0;
    for (let index = 0; index < 256; index += 1) {
      table = await commit(io, table, { addedData: [dataFile()] });
      const id = currentSnapshot(table.metadata)!['snapshot-id'];
      const written = listOf(io, table).filter((manifest) => manifest.addedSnapshotId === id);
      rewritten += written.reduce((sum, manifest) => sum + manifest.existingFiles, 0);
      expect(listOf(io, table).length).toBeLessThanOrEqual(5);
    }
    expect(rewritten / 256).toBeLessThan(25);
    expect(listOf(io, table)).toMatchObject([{ existingFiles: 255, addedFiles: 1 }]);
  });

  it('merges what small manifests a foreign writer left', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    for (let index = 0; index < 40; index += 1) {
      table = await commit(io, table, { addedData: [dataFile()] }, { manifestEntries: 1 });
    }
    expect(listOf(io, table)).toHaveLength(40);
    const reads = io.store.gets;
    for (let index = 0; index < 6; index += 1) table = await commit(io, table, { addedData: [dataFile()] });
    expect(listOf(io, table).length).toBeLessThanOrEqual(2);
    expect(io.store.gets).toBe(reads);
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
  });

  it('refuses what can never be right, before anything is written', async () => {
    const io = memoryIo();
    const table = await newTable(io);
    const puts = io.store.puts;
    const bad = [
      change({ operation: 'append', removedData: ['a'] }),
      change({ operation: 'delete', addedData: [dataFile()] }),
      change({ addedData: [deleteFile('a')] }),
      change({ operation: 'overwrite', addedDeletes: [dataFile()] }),
      change({ addedData: [{ ...dataFile(), format: 'ORC' }] }),
      change({ addedData: [{ ...dataFile(), partition: { x: 1 } }] }),
      change({ addedData: [dataFile('twice'), dataFile('twice')] }),
      change({ operation: 'replace', dataSequenceNumber: 5n }),
    ];
    for (const wrong of bad) {
      await expect(commitSnapshot(io, table, () => wrong)).rejects.toMatchObject({ kind: 'invalid' });
    }
    const gone = change({ operation: 'overwrite', removedData: ['not there'] });
    await expect(commitSnapshot(io, table, () => gone)).rejects.toMatchObject({ kind: 'conflict' });
    expect(io.store.puts).toBe(puts);
    expect((await requireTable(io, NAME)).entry).toEqual(table.entry);
  });

  it('survives a lost answer of a file write, and fails cleanly when the file is not there', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    for (const part of ['-m0.avro', 'snap-', '.metadata.json']) {
      io.store.failPut = { part, stored: true };
      table = await commit(io, table, { addedData: [dataFile()] });
      io.store.failPut = { part, stored: false };
      const failed = commitSnapshot(io, table, () => change({ addedData: [dataFile()] }));
      await expect(failed).rejects.toMatchObject({ kind: 'unavailable' });
    }
    expect(await paths(io, await requireTable(io, NAME))).toHaveLength(3);
  });

  it('never lets time run backwards, whatever the clock does', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile()] });
    io.clock.ms += 1000;
    const outcome = await commitMetadata(io, table, { setProperties: { a: '1' } });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    io.clock.ms -= 3_600_000;
    table = await commit(io, outcome.table, { addedData: [dataFile()] });
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
  });

  it('carries through what foreign writers put into the metadata', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    const foreign = { ...table.metadata, 'new-key': { id: 2n ** 60n }, statistics: [{ 'snapshot-id': 1n }] };
    const location = 'mem://lake/events/metadata/00007-foreign.metadata.json';
    await io.store.put(location, serialiseMetadata(foreign));
    io.catalog.overwrite(NAME, location);
    table = await commit(io, await requireTable(io, NAME), { addedData: [dataFile()] });
    expect(table.entry.metadataLocation).toMatch(/00008-/);
    expect(parseMetadata(io.store.objects.get(table.entry.metadataLocation)!)['new-key']).toEqual({
      id: 2n ** 60n,
    });
  });

  it('names the metadata file so that readers unzip it', async () => {
    const io = memoryIo();
    let table = await newTable(io, { 'write.metadata.compression-codec': 'gzip' });
    table = await commit(io, table, { addedData: [dataFile('a')] });
    expect(table.entry.metadataLocation).toMatch(/\.gz\.metadata\.json$/);
    const cold = { ...io, cache: new ManifestCache() };
    expect(await paths(io, await requireTable(cold, NAME))).toEqual(['a']);
  });
});

describe('a compaction', () => {
  it('keeps the old data sequence number, so that deletes committed meanwhile still apply', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a'), dataFile('b')] });
    table = await commit(io, table, { operation: 'delete', addedDeletes: [deleteFile('ab', 'd')] });
    table = await commit(io, table, {
      operation: 'replace',
      addedData: [dataFile('ab')],
      removedData: ['a', 'b'],
      dataSequenceNumber: 1n,
    });
    const plan = await planScan({ ...io, cache: new ManifestCache() }, table);
    expect(plan.files).toMatchObject([
      { file: { path: 'ab' }, sequenceNumber: 1n, deletes: [{ path: 'd' }] },
    ]);
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
  });
});

describe('a change of metadata', () => {
  it('adds columns as a new schema and leaves the old ones readable', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile()] });
    const old = currentSnapshot(table.metadata)!['snapshot-id'];
    const outcome = await commitMetadata(io, table, {
      addColumns: [{ name: 'late', required: false, type: 'boolean' }],
      setProperties: { a: '1' },
    });
    if (outcome.kind !== 'committed') throw new Error(outcome.kind);
    table = outcome.table;
    expect(currentSchema(table.metadata)).toMatchObject({
      'schema-id': 1,
      fields: [...COLUMNS, { name: 'late', id: 4 }],
    });
    expect((await planScan(io, table, { snapshotId: old })).schema['schema-id']).toBe(0);
    expect((await planScan(io, table)).schema['schema-id']).toBe(1);
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
    expect((await commitMetadata(io, { ...table, entry: { ...table.entry, version: 'old' } }, {})).kind).toBe(
      'conflict',
    );
  });
});
