import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MARK_KEY, readMark } from '../../src/commit/mark.ts';
import { quarantineTable } from '../../src/definition/tables.ts';
import {
  commitSnapshot,
  currentSnapshot,
  MAIN,
  requireTable,
  serialiseMetadata,
  type Table,
} from '../../src/iceberg/index.ts';
import type { TableName } from '../../src/ports/catalog.ts';
import { Lake } from './support/lake.ts';
import { expectWhole, LATEST, meters, reading, readings, USAGE } from './support/meters.ts';

describe('the tidemark', () => {
  let lake: Lake;
  beforeEach(async () => {
    lake = await Lake.open(meters);
  });
  afterEach(() => lake.close());

  const pointerOf = (table: Table): { path: string } =>
    JSON.parse(table.metadata.properties[MARK_KEY]!) as { path: string };

  /** Writes the table's metadata as somebody else would who knows nothing of tidemarks. */
  async function rewrite(
    name: TableName,
    change: (metadata: Table['metadata']) => Table['metadata'],
  ): Promise<void> {
    const table = await requireTable(lake.io, name);
    const location = `${table.metadata.location}/metadata/foreign-${lake.io.random.uuid()}.metadata.json`;
    await lake.io.store.put(location, serialiseMetadata(change(table.metadata)));
    expect(await lake.stores.io.catalog.swap(name, table.entry, location)).toEqual({ kind: 'committed' });
  }

  const backTo =
    (id: bigint) =>
    (metadata: Table['metadata']): Table['metadata'] => ({
      ...metadata,
      'current-snapshot-id': id,
      refs: { ...metadata.refs, [MAIN]: { ...metadata.refs[MAIN]!, 'snapshot-id': id } },
    });

  async function threeCommits(): Promise<bigint[]> {
    const ids: bigint[] = [];
    for (let i = 0; i < 3; i++) {
      await lake.put('readings', readings(4));
      await lake.commitAll();
      ids.push(currentSnapshot((await requireTable(lake.io, USAGE)).metadata)!['snapshot-id']);
    }
    return ids;
  }

  test('whose file was changed is not believed: kind corrupt, and nothing is committed', async () => {
    await threeCommits();
    const table = await requireTable(lake.io, USAGE);
    await writeFile(
      fileURLToPath(pointerOf(table).path),
      '{"format":1,"positions":{},"inputs":{},"touched":[],"touchedSince":"0"}',
    );
    await lake.put('readings', readings(2));
    await expect(lake.commit(USAGE)).rejects.toMatchObject({ kind: 'corrupt' });
    await expect(lake.step('merge', 'latest')).rejects.toMatchObject({ kind: 'corrupt' });
    expect((await requireTable(lake.io, USAGE)).entry).toEqual(table.entry);
  });

  test('follows a rollback to the ancestor that holds, and what was taken away is committed again', async () => {
    const [first] = await threeCommits();
    await lake.settle();
    await rewrite(USAGE, backTo(first!));
    expect(await lake.rows('SELECT count(*)::INT AS n FROM {meters_realtime.usage}')).toEqual([{ n: 4 }]);
    await lake.commitAll();
    await expectWhole(lake, 12);
  });

  test('goes on over a foreign commit, from the nearest ancestor of ours', async () => {
    await threeCommits();
    await commitSnapshot(lake.io, await requireTable(lake.io, USAGE), () => ({
      operation: 'append',
      addedData: [],
      addedDeletes: [],
      removedData: [],
      removedDeletes: [],
      summary: {},
    }));
    await lake.put('readings', readings(2));
    await expectWhole(lake, 14);
  });

  test('whose property was dropped is found in the snapshots', async () => {
    await threeCommits();
    await rewrite(USAGE, (metadata) => {
      const { [MARK_KEY]: _gone, ...properties } = metadata.properties;
      return { ...metadata, properties };
    });
    await lake.put('readings', readings(2));
    await expectWhole(lake, 14);
  });

  test('of a table whose history is cut and whose property is gone cannot be proven: it halts', async () => {
    await threeCommits();
    await rewrite(USAGE, (metadata) => {
      const { [MARK_KEY]: _gone, ...properties } = metadata.properties;
      const current = currentSnapshot(metadata)!;
      const { [MARK_KEY]: _lost, ...summary } = current.summary;
      return {
        ...metadata,
        properties,
        snapshots: [{ ...current, summary }],
        'snapshot-log': metadata['snapshot-log'].slice(-1),
      };
    });
    await lake.put('readings', readings(2));
    await expect(lake.commit(USAGE)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('of a table that was made anew counts for nothing: all is committed again', async () => {
    await threeCommits();
    await rewrite(USAGE, ({ 'current-snapshot-id': _current, ...metadata }) => ({
      ...metadata,
      'table-uuid': lake.io.random.uuid(),
      snapshots: [],
      refs: {},
      'snapshot-log': [],
    }));
    await lake.commitAll();
    await expectWhole(lake, 12);
  });

  test('of Silver follows a rollback too, and the merge does again what is missing', async () => {
    await lake.put('readings', readings(5));
    await lake.settle();
    const old = currentSnapshot((await requireTable(lake.io, LATEST)).metadata)!['snapshot-id'];
    await lake.put('readings', [reading(1, 700), reading(9, 800)]);
    await lake.settle();
    await rewrite(LATEST, backTo(old));
    await expectWhole(lake, 7);
  });

  test('never moves back: a lower position is ignored', async () => {
    await threeCommits();
    const before = await readMark(lake.io.store, await requireTable(lake.io, USAGE));
    await lake.commit(quarantineTable(lake.plan));
    await lake.commitAll();
    expect(await readMark(lake.io.store, await requireTable(lake.io, USAGE))).toEqual(before);
  });
});
