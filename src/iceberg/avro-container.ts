import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { TidemarkError } from '../errors.ts';
import { AvroReader, AvroWriter } from './avro-bytes.ts';

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 0x01);
const SYNC_LENGTH = 16;
/** Measured: level 3 takes a third of the time of level 6 for a tenth more bytes, on manifests. */
const DEFLATE_LEVEL = 3;

export interface AvroFile {
  /** The header's metadata; `avro.schema` is the schema as text. */
  metadata: ReadonlyMap<string, string>;
  blocks: { count: number; data: Uint8Array }[];
}

/**
 * One Avro object container file with a single deflated block.
 *
 * @param schema the JSON schema as text, written to the header as it is: Iceberg readers need its `field-id`s
 */
export function writeAvroFile(
  schema: string,
  metadata: Readonly<Record<string, string>>,
  count: number,
  body: Uint8Array,
): Uint8Array {
  const data = deflateRawSync(body, { level: DEFLATE_LEVEL });
  // Any 16 bytes will do that are unlikely in the data; a hash keeps the file a function of its content.
  const sync = createHash('md5').update(data).digest();
  const writer = new AvroWriter(data.length + schema.length + 4096);
  writer.raw(MAGIC);
  const header = { 'avro.schema': schema, 'avro.codec': 'deflate', ...metadata };
  writer.long(Object.keys(header).length);
  for (const [key, value] of Object.entries(header)) {
    writer.string(key);
    writer.string(value);
  }
  writer.long(0);
  writer.raw(sync);
  if (count > 0) {
    writer.long(count);
    writer.bytes(data);
    writer.raw(sync);
  }
  return writer.take();
}

/** Takes a container file apart. Throws `corrupt` when it is none, `refused` for a codec other than null and deflate. */
export function readAvroFile(bytes: Uint8Array): AvroFile {
  const reader = new AvroReader(bytes);
  if (Buffer.compare(reader.fixed(MAGIC.length), MAGIC) !== 0) {
    throw new TidemarkError('corrupt', 'Not an Avro container file');
  }
  const metadata = readMetadata(reader);
  const codec = metadata.get('avro.codec') ?? 'null';
  if (codec !== 'null' && codec !== 'deflate') {
    throw new TidemarkError('refused', `Avro codec ${codec} is not supported`, { context: { codec } });
  }
  const sync = reader.fixed(SYNC_LENGTH);
  const blocks: AvroFile['blocks'] = [];
  while (!reader.atEnd) {
    const count = reader.count();
    const data = reader.bytes();
    if (Buffer.compare(reader.fixed(SYNC_LENGTH), sync) !== 0) {
      throw new TidemarkError('corrupt', 'An Avro block is damaged: its sync marker differs');
    }
    blocks.push({ count, data: codec === 'null' ? data : inflate(data) });
  }
  return { metadata, blocks };
}

function readMetadata(reader: AvroReader): Map<string, string> {
  const metadata = new Map<string, string>();
  for (let count = reader.count(); count !== 0; count = reader.count()) {
    // A negative count is followed by the block's size in bytes.
    if (count < 0) reader.long();
    for (let left = Math.abs(count); left > 0; left -= 1) metadata.set(reader.string(), reader.string());
  }
  return metadata;
}

function inflate(data: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(data);
  } catch (cause) {
    throw new TidemarkError('corrupt', 'An Avro block cannot be decompressed', { cause });
  }
}
