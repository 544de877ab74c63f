import { Readable } from 'node:stream';
import avro from 'avsc';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AvroReader, AvroWriter } from '../../../src/iceberg/avro-bytes.ts';
import { readAvroFile } from '../../../src/iceberg/avro-container.ts';
import { Content, EntryStatus } from '../../../src/iceberg/index.ts';
import type { DataFile, PartitionSpec, Schema } from '../../../src/iceberg/index.ts';
import { readManifest, writeManifest } from '../../../src/iceberg/manifest.ts';
import type { ManifestKind } from '../../../src/iceberg/manifest.ts';
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts';
import { partitionColumns } from '../../../src/iceberg/partition.ts';
import { dataFile } from './fixtures.ts';

const SCHEMA: Schema = {
  type: 'struct',
  'schema-id': 3,
  fields: [
    { id: 1, name: 'k', required: true, type: 'long' },
    { id: 2, name: 'price', required: false, type: 'decimal(9,2)' },
    { id: 3, name: 'ts', required: false, type: 'timestamp' },
    { id: 4, name: 'u', required: false, type: 'uuid' },
  ],
};
const SPEC: PartitionSpec = {
  'spec-id': 5,
  fields: [
    { 'source-id': 1, 'field-id': 1000, name: 'k', transform: 'identity' },
    { 'source-id': 2, 'field-id': 1001, name: 'price-part', transform: 'identity' },
    { 'source-id': 3, 'field-id': 1002, name: 'ts_day', transform: 'day' },
    { 'source-id': 4, 'field-id': 1003, name: 'u', transform: 'identity' },
    { 'source-id': 4, 'field-id': 1004, name: 'u2', transform: 'identity' },
    { 'source-id': 1, 'field-id': 1005, name: 'k_bucket', transform: 'bucket[16]' },
  ],
};
const UUID = 'f79c3e09-677c-4bbd-a479-3f349cb785e7';
const COMMIT = { snapshotId: 2n ** 62n + 1n, sequenceNumber: 9n };
const plain: ManifestKind = { content: 0, spec: { 'spec-id': 0, fields: [] }, columns: [], schema: SCHEMA };
const partitioned: ManifestKind = {
  content: 0,
  spec: SPEC,
  columns: partitionColumns(SPEC, [SCHEMA]),
  schema: SCHEMA,
};

function partitionedFile(k: bigint | null): DataFile {
  const partition = { k, 'price-part': -129n, ts_day: -3, u: UUID, u2: null, k_bucket: 7 };
  return { ...dataFile(`s3://b/${k}.parquet`), specId: 5, partition };
}

async function decodeWithAvsc(bytes: Uint8Array): Promise<unknown[]> {
  const long = avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === 'bigint',
    compare: () => 0,
  });
  const decoder = new avro.streams.BlockDecoder({
    parseHook: (schema) => avro.Type.forSchema(schema, { registry: { long } }),
  });
  const values: unknown[] = [];
  for await (const value of Readable.from([Buffer.from(bytes)]).pipe(decoder)) values.push(value);
  return values;
}

describe('a manifest', () => {
  it('is read by an independent Avro implementation', async () => {
    const file = dataFile('s3://b/1.parquet', 5, 8);
    const { bytes } = writeManifest('m', plain, COMMIT, [
      { status: EntryStatus.added, snapshotId: COMMIT.snapshotId, file },
    ]);
    const [entry] = (await decodeWithAvsc(bytes)) as [Record<string, unknown>];
    expect(entry).toMatchObject({ status: 1, snapshot_id: COMMIT.snapshotId, sequence_number: null });
    expect(entry['data_file']).toMatchObject({
      file_path: 's3://b/1.parquet',
      record_count: 4n,
      split_offsets: [4n],
    });
  });

  it('carries field ids in its header, without which readers reject it', () => {
    const { bytes } = writeManifest('m', partitioned, COMMIT, []);
    const header = readAvroFile(bytes).metadata;
    const schema = header.get('avro.schema')!;
    for (const id of [0, 1, 2, 3, 4, 134, 100, 117, 129, 143, 1005])
      expect(schema).toContain(`"field-id":${id}`);
    expect(schema).toContain('"name":"price_x2Dpart"');
    expect(JSON.parse(header.get('partition-spec')!)).toEqual(SPEC.fields);
    expect(header.get('partition-spec-id')).toBe('5');
    expect(JSON.parse(header.get('schema')!)).toEqual(SCHEMA);
    expect(header.get('content')).toBe('data');
    expect(header.get('format-version')).toBe('2');
  });

  it('comes back as it was, partitions of every kind included', () => {
    const entries = [partitionedFile(2n ** 60n), partitionedFile(null)].map((file) => ({
      status: EntryStatus.existing,
      snapshotId: 77n,
      sequenceNumber: 3n,
      fileSequenceNumber: 4n,
      file,
    }));
    const { bytes, manifest } = writeManifest('m', partitioned, COMMIT, entries);
    expect(readManifest(bytes, manifest, partitioned.columns)).toEqual(entries);
    expect(manifest).toMatchObject({
      existingFiles: 2,
      existingRows: 20,
      addedFiles: 0,
      minSequenceNumber: 3n,
      specId: 5,
    });
    expect(manifest.partitions![0]).toMatchObject({ containsNull: true });
    expect(Buffer.from(manifest.partitions![1]!.lowerBound!).toString('hex')).toBe('ff7f');
    expect(manifest.partitions![4]).toEqual({ containsNull: true });
  });

  it('gives new entries the sequence number of the list, and never to existing ones', () => {
    const file = dataFile();
    const { bytes, manifest } = writeManifest('m', plain, COMMIT, [
      { status: EntryStatus.added, snapshotId: 1n, file },
    ]);
    const moved = { ...manifest, sequenceNumber: 12n };
    expect(readManifest(bytes, moved, [])[0]).toMatchObject({ sequenceNumber: 12n, fileSequenceNumber: 12n });
    const bad = writeManifest('m', plain, COMMIT, [{ status: EntryStatus.existing, snapshotId: 1n, file }]);
    expect(() => readManifest(bad.bytes, bad.manifest, [])).toThrow('lacks its sequence number');
  });

  it('is known to be damaged when a byte of it is', () => {
    const { bytes, manifest } = writeManifest('m', plain, COMMIT, [
      { status: 1, snapshotId: 1n, file: dataFile() },
    ]);
    expect(() => readManifest(bytes.slice(0, -4), manifest, [])).toThrow();
    expect(() => readManifest(Uint8Array.of(1, 2, 3, 4, 5), manifest, [])).toThrow('Not an Avro');
  });

  it('encodes 256 entries in a few milliseconds', () => {
    const entries = Array.from({ length: 256 }, () => ({
      status: EntryStatus.added,
      snapshotId: 1n,
      file: dataFile(),
    }));
    const start = performance.now();
    writeManifest('m', plain, COMMIT, entries);
    expect(performance.now() - start).toBeLessThan(100);
  });
});

describe('a manifest list', () => {
  it('comes back as it was, and an independent implementation reads it', async () => {
    const { manifest } = writeManifest('s3://b/m.avro', partitioned, COMMIT, [
      { status: 1, snapshotId: COMMIT.snapshotId, file: { ...partitionedFile(1n), content: Content.data } },
    ]);
    const bytes = writeManifestList({ id: COMMIT.snapshotId, parentId: undefined, sequenceNumber: 9n }, [
      manifest,
    ]);
    expect(readManifestList(bytes)).toEqual([manifest]);
    expect(await decodeWithAvsc(bytes)).toMatchObject([
      { manifest_path: 's3://b/m.avro', added_files_count: 1, sequence_number: 9n },
    ]);
    expect(readAvroFile(bytes).metadata.get('parent-snapshot-id')).toBe('null');
  });

  it('is readable when empty', () => {
    expect(readManifestList(writeManifestList({ id: 1n, parentId: 2n, sequenceNumber: 1n }, []))).toEqual([]);
  });
});

describe('Avro integers', () => {
  it('keep any 64-bit value', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.maxSafeInteger(),
        (big, small) => {
          const writer = new AvroWriter(1);
          for (const value of [big, small, BigInt(small), big >> 30n]) writer.long(value);
          const reader = new AvroReader(writer.take());
          expect([1, 2, 3, 4].map(() => BigInt(reader.long()))).toEqual([
            big,
            BigInt(small),
            BigInt(small),
            big >> 30n,
          ]);
          expect(reader.atEnd).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
