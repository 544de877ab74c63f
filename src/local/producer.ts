import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import {
  KinesisClient,
  KinesisServiceException,
  PutRecordsCommand,
  type PutRecordsCommandOutput,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { TidemarkError } from '../errors.ts';
import type { Clock } from '../ports/clock.ts';

/** PutRecords takes 500 records and 5 MiB. */
export const MAX_RECORDS = 500;
const MAX_BYTES = 4_500_000;
const RETRY_MS = { first: 50, longest: 2_000 };

export interface Line {
  /** Place in the file, from 0. */
  index: number;
  data: Buffer;
  partitionKey: string;
}

/** A client for the local endpoint: the AWS SDK's own, plain but for the endpoint and the handler. */
export function localKinesisClient(endpoint: string): KinesisClient {
  return new KinesisClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    // The SDK speaks HTTP/2 to Kinesis; a plain http endpoint needs the HTTP/1.1 handler.
    requestHandler: new NodeHttpHandler(),
  });
}

/** The lines of an NDJSON file, gunzipped where its name ends in `.gz`. Empty lines are left out. */
export async function* readLines(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => input.destroy(error));
  for await (const line of createInterface({ input, crlfDelay: Infinity })) if (line !== '') yield line;
}

/** Groups lines into what one PutRecords call may take. */
export function batches(lines: Line[]): Line[][] {
  const all: Line[][] = [];
  let batch: Line[] = [];
  let bytes = 0;
  for (const line of lines) {
    const size = line.data.length + line.partitionKey.length;
    if (batch.length >= MAX_RECORDS || (batch.length > 0 && bytes + size > MAX_BYTES)) {
      all.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(line);
    bytes += size;
  }
  if (batch.length > 0) all.push(batch);
  return all;
}

/**
 * Puts one batch and repeats what the stream refused for now, until all is in.
 * @returns the highest sequence number by shard
 * @throws TidemarkError kind `invalid` when the stream refuses the request itself
 */
export async function putBatch(
  client: KinesisClient,
  stream: string,
  batch: Line[],
  clock: Clock,
  signal?: AbortSignal,
): Promise<Record<string, string>> {
  const last: Record<string, string> = {};
  let left = batch;
  for (let attempt = 0; left.length > 0; attempt++) {
    const result = await send(client, stream, left, signal);
    const failed: Line[] = [];
    for (const [i, record] of (result.Records ?? []).entries()) {
      if (record.ErrorCode !== undefined) failed.push(left[i]!);
      else if (record.SequenceNumber! > (last[record.ShardId!] ?? ''))
        last[record.ShardId!] = record.SequenceNumber!;
    }
    left = failed;
    if (left.length > 0) await clock.sleep(Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** attempt), signal);
    if (signal?.aborted) throw new TidemarkError('unavailable', 'stopped while records were being put');
  }
  return last;
}

async function send(
  client: KinesisClient,
  stream: string,
  lines: Line[],
  signal: AbortSignal | undefined,
): Promise<PutRecordsCommandOutput> {
  const Records = lines.map((l) => ({ Data: l.data, PartitionKey: l.partitionKey }));
  try {
    return await client.send(
      new PutRecordsCommand({ StreamName: stream, Records }),
      signal ? { abortSignal: signal } : {},
    );
  } catch (error) {
    if (!(error instanceof KinesisServiceException) || error.$fault !== 'server') throw error;
    throw new TidemarkError(
      'unavailable',
      `the stream "${stream}" could not take records: ${error.message}`,
      {
        remedy: 'free some space and start again: nothing is lost, it goes on where it was',
        cause: error,
      },
    );
  }
}

/** Reads the partition key of a record: a top-level field's value, or the line's number when there is none. */
export function partitionKeyOf(line: string, index: number, field: string | undefined): string {
  if (field === undefined) return String(index);
  try {
    const value = (JSON.parse(line) as Record<string, unknown>)[field];
    if (typeof value === 'string' && value !== '') return value.slice(0, 256);
    if (typeof value === 'number') return String(value);
  } catch {
    // Not JSON: it is put all the same, and quarantined behind the stream like anybody's bad record.
  }
  return String(index);
}
