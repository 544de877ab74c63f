import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { PutRecordsCommand, type KinesisClient } from '@aws-sdk/client-kinesis';

/** Kinesis takes so many records in one request. */
const REQUEST_RECORDS = 500;

/** A record as a producer has it. */
export interface Produced {
  key: string;
  record: Record<string, unknown>;
}

/** Reads a gzipped file of NDJSON in its order, the records that `wanted` takes. */
export async function produced(
  folder: string,
  file: string,
  key: string,
  wanted: (record: Record<string, unknown>) => boolean,
): Promise<Produced[]> {
  const lines = createInterface({ input: createReadStream(join(folder, file)).pipe(createGunzip()) });
  const all: Produced[] = [];
  for await (const line of lines) {
    const record = JSON.parse(line) as Record<string, unknown>;
    if (wanted(record)) all.push({ key: String(record[key]), record });
  }
  return all;
}

/** Puts records in their order; throws when one is refused. */
export async function put(
  kinesis: KinesisClient,
  stream: string,
  records: readonly Produced[],
): Promise<void> {
  for (let from = 0; from < records.length; from += REQUEST_RECORDS) {
    const Records = records.slice(from, from + REQUEST_RECORDS).map(({ key, record }) => ({
      PartitionKey: key,
      Data: Buffer.from(JSON.stringify(record)),
    }));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName: stream, Records }));
    if (answer.FailedRecordCount)
      throw new Error(`${answer.FailedRecordCount} records were refused by ${stream}`);
  }
}
