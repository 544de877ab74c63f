import { AvroWriter } from './avro-bytes.ts';
import type { DataFile, EntryStatus } from './data-file.ts';
import { decimalBytes, manifestEntrySchema } from './manifest-schema.ts';
import type { PartitionColumn } from './partition.ts';
import { primitiveKind } from './types.ts';
import type { PrimitiveType } from './types.ts';
import { encodeUnscaled, encodeValue } from './value.ts';
import type { Value } from './value.ts';

/** An entry to be written; sequence numbers left out are inherited from the manifest list. */
export interface EntryDraft {
  status: EntryStatus;
  snapshotId: bigint;
  sequenceNumber?: bigint;
  fileSequenceNumber?: bigint;
  file: DataFile;
}

type WriteValue<T> = (writer: AvroWriter, value: T) => void;

const writeLong: WriteValue<number> = (writer, value) => writer.long(value);
const writeBytes: WriteValue<Uint8Array> = (writer, value) => writer.bytes(value);

/**
 * Writes manifest entries of one partition type. A file's own record never changes while manifests are rewritten
 * around it at every commit, so its bytes are kept as long as the file object lives.
 */
export class EntryCodec {
  readonly schema: string;
  readonly #writePartition: WriteValue<DataFile>;
  readonly #records = new WeakMap<DataFile, Uint8Array>();

  constructor(partition: readonly PartitionColumn[]) {
    this.schema = manifestEntrySchema(partition);
    const columns = partition.map(({ name, type }) => ({ name, write: partitionWriter(type) }));
    this.#writePartition = (writer, file) => {
      for (const { name, write } of columns) writeOptional(writer, file.partition[name] ?? undefined, write);
    };
  }

  write(writer: AvroWriter, entry: EntryDraft): void {
    writer.long(entry.status);
    writeOptional(writer, entry.snapshotId, writeBigint);
    writeOptional(writer, entry.sequenceNumber, writeBigint);
    writeOptional(writer, entry.fileSequenceNumber, writeBigint);
    writer.raw(this.#record(entry.file));
  }

  #record(file: DataFile): Uint8Array {
    let record = this.#records.get(file);
    if (!record) {
      const writer = new AvroWriter(1024);
      this.#writeFile(writer, file);
      record = writer.take();
      this.#records.set(file, record);
    }
    return record;
  }

  #writeFile(writer: AvroWriter, file: DataFile): void {
    writer.long(file.content);
    writer.string(file.path);
    writer.string(file.format.toUpperCase());
    this.#writePartition(writer, file);
    writer.long(file.recordCount);
    writer.long(file.fileSizeInBytes);
    for (const counts of [file.columnSizes, file.valueCounts, file.nullCounts, file.nanCounts]) {
      writeOptional(writer, counts, (to, map) => writeMap(to, map, writeLong));
    }
    for (const bounds of [file.lowerBounds, file.upperBounds]) {
      writeOptional(writer, bounds, (to, map) => writeMap(to, map, writeBytes));
    }
    writeOptional(writer, file.keyMetadata, writeBytes);
    writeOptional(writer, file.splitOffsets, writeList);
    writeOptional(writer, file.equalityIds, writeList);
    writeOptional(writer, file.sortOrderId, writeLong);
    writeOptional(writer, file.referencedDataFile, (to, path) => to.string(path));
  }
}

function writeBigint(writer: AvroWriter, value: bigint): void {
  writer.long(value);
}

function writeOptional<T>(writer: AvroWriter, value: T | undefined, write: WriteValue<T>): void {
  if (value === undefined) {
    writer.long(0);
    return;
  }
  writer.long(1);
  write(writer, value);
}

function writeMap<T>(writer: AvroWriter, map: ReadonlyMap<number, T>, write: WriteValue<T>): void {
  if (map.size > 0) {
    writer.long(map.size);
    for (const [key, value] of map) {
      writer.long(key);
      write(writer, value);
    }
  }
  writer.long(0);
}

function writeList(writer: AvroWriter, list: readonly number[]): void {
  if (list.length > 0) {
    writer.long(list.length);
    for (const item of list) writer.long(item);
  }
  writer.long(0);
}

function partitionWriter(type: PrimitiveType): WriteValue<Value> {
  const kind = primitiveKind(type);
  switch (kind.kind) {
    case 'boolean':
      return (writer, value) => writer.boolean(value as boolean);
    case 'float':
      return (writer, value) => writer.float(value as number);
    case 'double':
      return (writer, value) => writer.double(value as number);
    case 'string':
      return (writer, value) => writer.string(value as string);
    case 'binary':
      return (writer, value) => writer.bytes(value as Uint8Array);
    case 'uuid':
    case 'fixed':
      return (writer, value) => writer.raw(encodeValue(type, value));
    case 'decimal': {
      const length = decimalBytes(kind.precision);
      return (writer, value) => writer.raw(signExtend(encodeUnscaled(value as bigint), length));
    }
    default:
      return (writer, value) => writer.long(value as number | bigint);
  }
}

function signExtend(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length).fill((bytes[0] ?? 0) & 0x80 ? 0xff : 0);
  result.set(bytes, length - bytes.length);
  return result;
}
