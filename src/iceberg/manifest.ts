import { TidemarkError } from '../errors.ts';
import { AvroReader, AvroWriter } from './avro-bytes.ts';
import { readAvroFile, writeAvroFile } from './avro-container.ts';
import { compileRecord } from './avro-record.ts';
import type { Shape, Slots } from './avro-record.ts';
import { EntryStatus } from './data-file.ts';
import type { Content, DataFile, ManifestEntry } from './data-file.ts';
import { EntryCodec } from './manifest-entry.ts';
import type { EntryDraft } from './manifest-entry.ts';
import { ManifestContent } from './manifest-list.ts';
import type { ManifestFile, PartitionSummary } from './manifest-list.ts';
import { jsonText } from './metadata-json.ts';
import type { Partition, PartitionColumn, PartitionSpec } from './partition.ts';
import type { Schema } from './schema.ts';
import { compareValues, decodeUnscaled, encodeValue, uuidText } from './value.ts';
import type { Value } from './value.ts';

/** What all entries of a manifest share: one spec, one kind of content. */
export interface ManifestKind {
  content: ManifestContent;
  spec: PartitionSpec;
  /** The spec's columns with their types. */
  columns: readonly PartitionColumn[];
  /** Written to the header, where readers find the types of partition sources. */
  schema: Schema;
}

/** One codec per partition type: compiled once, and the home of the encoded files. */
const codecs = new Map<string, EntryCodec>();
const MAX_CODECS = 64;

function codecFor(columns: readonly PartitionColumn[]): EntryCodec {
  const key = JSON.stringify(columns);
  let codec = codecs.get(key);
  if (!codec) {
    if (codecs.size >= MAX_CODECS) codecs.clear();
    codec = new EntryCodec(columns);
    codecs.set(key, codec);
  }
  return codec;
}

/**
 * A manifest as an Avro file, with its row for the manifest list.
 *
 * @param commit the snapshot that writes it; entries without sequence numbers get its own
 */
export function writeManifest(
  path: string,
  kind: ManifestKind,
  commit: { snapshotId: bigint; sequenceNumber: bigint },
  entries: readonly EntryDraft[],
): { bytes: Uint8Array; manifest: ManifestFile; entries: ManifestEntry[] } {
  const codec = codecFor(kind.columns);
  const writer = new AvroWriter(entries.length * 512 + 256);
  for (const entry of entries) codec.write(writer, entry);
  const metadata = {
    schema: jsonText(kind.schema),
    'schema-id': String(kind.schema['schema-id']),
    'partition-spec': jsonText(kind.spec.fields),
    'partition-spec-id': String(kind.spec['spec-id']),
    'format-version': '2',
    content: kind.content === ManifestContent.data ? 'data' : 'deletes',
  };
  const bytes = writeAvroFile(codec.schema, metadata, entries.length, writer.take());
  const resolved = entries.map((entry) => ({
    ...entry,
    sequenceNumber: entry.sequenceNumber ?? commit.sequenceNumber,
    fileSequenceNumber: entry.fileSequenceNumber ?? commit.sequenceNumber,
  }));
  return { bytes, manifest: describe(path, bytes.length, kind, commit, resolved), entries: resolved };
}

function describe(
  path: string,
  length: number,
  kind: ManifestKind,
  commit: { snapshotId: bigint; sequenceNumber: bigint },
  entries: readonly ManifestEntry[],
): ManifestFile {
  const files = [0, 0, 0];
  const rows = [0, 0, 0];
  let min = commit.sequenceNumber;
  for (const { status, file, sequenceNumber } of entries) {
    files[status]! += 1;
    rows[status]! += file.recordCount;
    if (status !== EntryStatus.deleted && sequenceNumber < min) min = sequenceNumber;
  }
  return {
    path,
    length,
    specId: kind.spec['spec-id'],
    content: kind.content,
    sequenceNumber: commit.sequenceNumber,
    minSequenceNumber: min,
    addedSnapshotId: commit.snapshotId,
    addedFiles: files[EntryStatus.added]!,
    existingFiles: files[EntryStatus.existing]!,
    deletedFiles: files[EntryStatus.deleted]!,
    addedRows: rows[EntryStatus.added]!,
    existingRows: rows[EntryStatus.existing]!,
    deletedRows: rows[EntryStatus.deleted]!,
    partitions: kind.columns.map((column) => summarise(column, entries)),
  };
}

function summarise(column: PartitionColumn, entries: readonly ManifestEntry[]): PartitionSummary {
  const floating = column.type === 'float' || column.type === 'double';
  let containsNull = false;
  let containsNan = false;
  let lower: Value | undefined;
  let upper: Value | undefined;
  for (const { file } of entries) {
    const value = file.partition[column.name] ?? null;
    if (value === null) containsNull = true;
    else if (Number.isNaN(value)) containsNan = true;
    else {
      if (lower === undefined || compareValues(column.type, value, lower) < 0) lower = value;
      if (upper === undefined || compareValues(column.type, value, upper) > 0) upper = value;
    }
  }
  return {
    containsNull,
    ...(floating ? { containsNan } : {}),
    ...(lower === undefined ? {} : { lowerBound: encodeValue(column.type, lower) }),
    ...(upper === undefined ? {} : { upperBound: encodeValue(column.type, upper) }),
  };
}

const ENTRY_IDS = [0, 1, 3, 4, 2];
const FILE_IDS = [134, 100, 101, 102, 103, 104, 108, 109, 110, 137, 125, 128, 131, 132, 135, 140, 143];

/**
 * Reads a manifest of any writer, with sequence numbers and snapshot ids inherited from its row in the manifest
 * list (specification, "Sequence Number Inheritance"). Throws `corrupt` for damaged or contradictory files.
 */
export function readManifest(
  bytes: Uint8Array,
  manifest: ManifestFile,
  columns: readonly PartitionColumn[],
): ManifestEntry[] {
  const file = readAvroFile(bytes);
  const partition: Shape = { ids: columns.map((column) => column.id), nested: new Map() };
  const dataFile: Shape = { ids: FILE_IDS, nested: new Map([[102, partition]]) };
  const shape: Shape = { ids: ENTRY_IDS, nested: new Map([[2, dataFile]]) };
  const read = compileRecord(file.metadata.get('avro.schema') ?? '', shape);
  return file.blocks.flatMap(({ count, data }) => {
    const reader = new AvroReader(data);
    return Array.from({ length: count }, () => toEntry(read(reader), manifest, columns));
  });
}

function toEntry(slots: Slots, manifest: ManifestFile, columns: readonly PartitionColumn[]): ManifestEntry {
  const [status, snapshotId, sequenceNumber, fileSequenceNumber, file] = slots;
  if (status !== 0 && status !== 1 && status !== 2) throw damaged(manifest, 'an entry has no status');
  if (!Array.isArray(file)) throw damaged(manifest, 'an entry has no data file');
  const inherits = status === EntryStatus.added || manifest.sequenceNumber === 0n;
  const inherit = (value: unknown): bigint => {
    if (typeof value === 'number' || typeof value === 'bigint') return BigInt(value);
    if (inherits) return manifest.sequenceNumber;
    throw damaged(manifest, 'an existing entry lacks its sequence number');
  };
  return {
    status,
    snapshotId:
      typeof snapshotId === 'number' || typeof snapshotId === 'bigint'
        ? BigInt(snapshotId)
        : manifest.addedSnapshotId,
    sequenceNumber: inherit(sequenceNumber),
    fileSequenceNumber: inherit(fileSequenceNumber),
    file: toDataFile(file, manifest, columns),
  };
}

function toDataFile(slots: Slots, manifest: ManifestFile, columns: readonly PartitionColumn[]): DataFile {
  const [content, path, format, partition, recordCount, size, ...rest] = slots;
  const [columnSizes, valueCounts, nullCounts, nanCounts, lowerBounds, upperBounds, keyMetadata, ...others] =
    rest;
  const [splitOffsets, equalityIds, sortOrderId, referencedDataFile] = others;
  if (typeof path !== 'string' || typeof format !== 'string')
    throw damaged(manifest, 'a file has no path or format');
  if (typeof recordCount !== 'number' || typeof size !== 'number')
    throw damaged(manifest, 'a file has no size');
  const optional = {
    columnSizes: columnSizes ?? undefined,
    valueCounts: valueCounts ?? undefined,
    nullCounts: nullCounts ?? undefined,
    nanCounts: nanCounts ?? undefined,
    lowerBounds: lowerBounds ?? undefined,
    upperBounds: upperBounds ?? undefined,
    keyMetadata: keyMetadata ?? undefined,
    splitOffsets: splitOffsets ?? undefined,
    equalityIds: equalityIds ?? undefined,
    sortOrderId: sortOrderId ?? undefined,
    referencedDataFile: referencedDataFile ?? undefined,
  };
  return {
    content: (content ?? 0) as Content,
    path,
    format: format.toUpperCase(),
    specId: manifest.specId,
    partition: toPartition(partition, columns),
    recordCount,
    fileSizeInBytes: size,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<DataFile>),
  };
}

function toPartition(slots: unknown, columns: readonly PartitionColumn[]): Partition {
  if (!Array.isArray(slots)) return {};
  return Object.fromEntries(
    columns.map((column, index) => [column.name, toValue(column, (slots as unknown[])[index])]),
  );
}

function toValue({ type }: PartitionColumn, raw: unknown): Value | null {
  if (raw === null || raw === undefined) return null;
  if (type === 'uuid' && raw instanceof Uint8Array) return uuidText(raw);
  if (type.startsWith('decimal') && raw instanceof Uint8Array) return decodeUnscaled(raw);
  if (type === 'long' || type.startsWith('time')) return BigInt(raw as number | bigint);
  return raw as Value;
}

function damaged(manifest: ManifestFile, what: string): TidemarkError {
  return new TidemarkError('corrupt', `A manifest is damaged: ${what}`, { context: { path: manifest.path } });
}
