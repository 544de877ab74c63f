import { TidemarkError } from '../errors.ts';
import { AvroReader, AvroWriter } from './avro-bytes.ts';
import { readAvroFile, writeAvroFile } from './avro-container.ts';
import { compileRecord } from './avro-record.ts';
import type { Shape, Slots } from './avro-record.ts';
import { MANIFEST_LIST_SCHEMA } from './manifest-schema.ts';

export const ManifestContent = { data: 0, deletes: 1 } as const;
export type ManifestContent = (typeof ManifestContent)[keyof typeof ManifestContent];

/** What a manifest's files have in one partition field. Bounds are in single-value binary form. */
export interface PartitionSummary {
  containsNull: boolean;
  containsNan?: boolean;
  lowerBound?: Uint8Array;
  upperBound?: Uint8Array;
}

/** One manifest as the manifest list describes it. Immutable; copied unchanged from snapshot to snapshot. */
export interface ManifestFile {
  path: string;
  length: number;
  specId: number;
  content: ManifestContent;
  /** What entries without a sequence number of their own inherit. */
  sequenceNumber: bigint;
  /** The smallest data sequence number of its live entries. */
  minSequenceNumber: bigint;
  /** The snapshot that wrote it. */
  addedSnapshotId: bigint;
  addedFiles: number;
  existingFiles: number;
  deletedFiles: number;
  addedRows: number;
  existingRows: number;
  deletedRows: number;
  /** One per field of the spec. */
  partitions?: readonly PartitionSummary[];
  keyMetadata?: Uint8Array;
}

export function liveFiles(manifest: ManifestFile): number {
  return manifest.addedFiles + manifest.existingFiles;
}

/** The manifest list of a snapshot as an Avro file. */
export function writeManifestList(
  snapshot: { id: bigint; parentId: bigint | undefined; sequenceNumber: bigint },
  manifests: readonly ManifestFile[],
): Uint8Array {
  const writer = new AvroWriter(manifests.length * 160 + 256);
  for (const manifest of manifests) writeOne(writer, manifest);
  const metadata = {
    'snapshot-id': String(snapshot.id),
    'parent-snapshot-id': snapshot.parentId === undefined ? 'null' : String(snapshot.parentId),
    'sequence-number': String(snapshot.sequenceNumber),
    'format-version': '2',
  };
  return writeAvroFile(MANIFEST_LIST_SCHEMA, metadata, manifests.length, writer.take());
}

function writeOne(writer: AvroWriter, manifest: ManifestFile): void {
  writer.string(manifest.path);
  writer.long(manifest.length);
  writer.long(manifest.specId);
  writer.long(manifest.content);
  writer.long(manifest.sequenceNumber);
  writer.long(manifest.minSequenceNumber);
  writer.long(manifest.addedSnapshotId);
  writer.long(manifest.addedFiles);
  writer.long(manifest.existingFiles);
  writer.long(manifest.deletedFiles);
  writer.long(manifest.addedRows);
  writer.long(manifest.existingRows);
  writer.long(manifest.deletedRows);
  writeSummaries(writer, manifest.partitions);
  writeOptionalBytes(writer, manifest.keyMetadata);
}

function writeSummaries(writer: AvroWriter, summaries: readonly PartitionSummary[] | undefined): void {
  if (!summaries) {
    writer.long(0);
    return;
  }
  writer.long(1);
  if (summaries.length > 0) {
    writer.long(summaries.length);
    for (const summary of summaries) {
      writer.boolean(summary.containsNull);
      if (summary.containsNan === undefined) writer.long(0);
      else {
        writer.long(1);
        writer.boolean(summary.containsNan);
      }
      writeOptionalBytes(writer, summary.lowerBound);
      writeOptionalBytes(writer, summary.upperBound);
    }
  }
  writer.long(0);
}

function writeOptionalBytes(writer: AvroWriter, value: Uint8Array | undefined): void {
  if (!value) {
    writer.long(0);
    return;
  }
  writer.long(1);
  writer.bytes(value);
}

const IDS = [500, 501, 502, 517, 515, 516, 503, 504, 505, 506, 512, 513, 514, 507, 519];
const SHAPE: Shape = { ids: IDS, nested: new Map([[507, { ids: [509, 518, 510, 511], nested: new Map() }]]) };

/** Reads a manifest list of any writer. Throws `corrupt` when a required field is missing. */
export function readManifestList(bytes: Uint8Array): ManifestFile[] {
  const file = readAvroFile(bytes);
  const read = compileRecord(file.metadata.get('avro.schema') ?? '', SHAPE);
  return file.blocks.flatMap(({ count, data }) => {
    const reader = new AvroReader(data);
    return Array.from({ length: count }, () => toManifestFile(read(reader)));
  });
}

function toManifestFile(slots: Slots): ManifestFile {
  const [path, length, specId, content, sequenceNumber, minSequenceNumber, snapshotId] = slots;
  const [addedFiles, existingFiles, deletedFiles, addedRows, existingRows, deletedRows] = slots.slice(7, 13);
  const partitions = slots[13] as Slots[] | null | undefined;
  const keyMetadata = slots[14] as Uint8Array | null | undefined;
  if (typeof path !== 'string') throw new TidemarkError('corrupt', 'A manifest list entry has no path');
  return {
    path,
    length: count(length, path),
    specId: count(specId, path),
    // Absent in manifests of v1 writers: their tables have data files only, all of sequence number 0.
    content: (content ?? 0) as ManifestContent,
    sequenceNumber: BigInt((sequenceNumber ?? 0) as number | bigint),
    minSequenceNumber: BigInt((minSequenceNumber ?? 0) as number | bigint),
    addedSnapshotId: BigInt((snapshotId ?? 0) as number | bigint),
    addedFiles: count(addedFiles, path),
    existingFiles: count(existingFiles, path),
    deletedFiles: count(deletedFiles, path),
    addedRows: count(addedRows, path),
    existingRows: count(existingRows, path),
    deletedRows: count(deletedRows, path),
    ...(partitions ? { partitions: partitions.map(toSummary) } : {}),
    ...(keyMetadata ? { keyMetadata } : {}),
  };
}

function toSummary(slots: Slots): PartitionSummary {
  const [containsNull, containsNan, lowerBound, upperBound] = slots;
  return {
    containsNull: containsNull === true,
    ...(typeof containsNan === 'boolean' ? { containsNan } : {}),
    ...(lowerBound instanceof Uint8Array ? { lowerBound } : {}),
    ...(upperBound instanceof Uint8Array ? { upperBound } : {}),
  };
}

function count(value: unknown, path: string): number {
  if (typeof value === 'number') return value;
  throw new TidemarkError('corrupt', 'A manifest list entry lacks a count that v2 requires', {
    context: { path },
  });
}
