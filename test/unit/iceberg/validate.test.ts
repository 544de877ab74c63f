import { describe, expect, it } from '@jest/globals';
import { checkMetadata } from '../../../src/iceberg/index.ts';
import type { TableMetadata } from '../../../src/iceberg/index.ts';
import { Lru } from '../../../src/iceberg/lru.ts';
import { commit, dataFile, newTable } from './fixtures.ts';
import { memoryIo } from './memory.ts';

describe('checkMetadata', () => {
  const damage: [string, (metadata: TableMetadata) => Partial<TableMetadata>][] = [
    ['current-schema-id', () => ({ 'current-schema-id': 9 })],
    ['last-column-id', () => ({ 'last-column-id': 1 })],
    ['refs.main', ({ refs }) => ({ refs: { main: { ...refs['main']!, 'snapshot-id': 1n } } })],
    ['sequence-number', () => ({ 'last-sequence-number': 1n })],
    ['current-snapshot-id', ({ snapshots }) => ({ snapshots: snapshots.slice(0, 1) })],
    ['snapshot-log', () => ({ 'snapshot-log': [] })],
    ['metadata-log', () => ({ 'last-updated-ms': 5 })],
    [
      'operation',
      ({ snapshots }) => ({ snapshots: snapshots.map((s) => ({ ...s, summary: { operation: 'merge' } })) }),
    ],
    ['snapshot-id', ({ snapshots }) => ({ snapshots: [...snapshots, snapshots[0]!] })],
    [
      'total-records',
      ({ snapshots }) => ({
        snapshots: snapshots.map((s) => ({ ...s, summary: { ...s.summary, 'total-records': '7' } })),
      }),
    ],
    [
      'readable',
      ({ snapshots }) => ({ snapshots: snapshots.map((s) => ({ ...s, 'manifest-list': 'mem://gone' })) }),
    ],
  ];

  it.each(damage)('finds a broken %s', async (rule, broken) => {
    const io = memoryIo();
    let table = await newTable(io);
    for (let index = 0; index < 3; index += 1) table = await commit(io, table, { addedData: [dataFile()] });
    expect(await checkMetadata(table.metadata, io)).toEqual([]);
    const findings = await checkMetadata({ ...table.metadata, ...broken(table.metadata) }, io);
    expect(findings.map((finding) => finding.rule)).toContain(rule);
  });

  it('finds a file that is live twice', async () => {
    const io = memoryIo();
    let table = await newTable(io);
    table = await commit(io, table, { addedData: [dataFile('a')] });
    table = await commit(io, table, { addedData: [dataFile('a')] });
    expect((await checkMetadata(table.metadata, io)).map((finding) => finding.rule)).toContain('live once');
  });
});

describe('the cache', () => {
  it('is bounded by weight and forgets what was used longest ago', () => {
    const lru = new Lru<string>(5, (value) => value.length);
    lru.set('a', 'xx');
    lru.set('b', 'xx');
    lru.get('a');
    lru.set('c', 'xx');
    expect([lru.get('a'), lru.get('b'), lru.get('c')]).toEqual(['xx', undefined, 'xx']);
    lru.set('d', 'too heavy');
    lru.set('a', 'xxx');
    expect(lru.get('d')).toBeUndefined();
    expect(lru.weight).toBe(5);
  });
});
