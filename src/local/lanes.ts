import { createHash } from 'node:crypto';
import { ListShardsCommand, type KinesisClient } from '@aws-sdk/client-kinesis';
import type { Line } from './producer.ts';

/** The part of the hash keys that an open shard takes, both ends inclusive. */
export interface HashRange {
  from: bigint;
  to: bigint;
}

/** The hash ranges of a stream's open shards. */
export async function openRanges(client: KinesisClient, stream: string): Promise<HashRange[]> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
  return Shards.filter((s) => s.SequenceNumberRange?.EndingSequenceNumber === undefined).map((s) => ({
    from: BigInt(s.HashKeyRange!.StartingHashKey!),
    to: BigInt(s.HashKeyRange!.EndingHashKey!),
  }));
}

/**
 * Divides lines by the shard they will go to (Kinesis routes by the MD5 of the partition key), each lane in order. Lanes
 * can be put side by side and every shard still gets its records in order.
 */
export function lanesOf(lines: Line[], ranges: HashRange[]): Line[][] {
  if (ranges.length < 2) return [lines];
  const lanes = new Map<number, Line[]>();
  for (const line of lines) {
    const hash = BigInt(`0x${createHash('md5').update(line.partitionKey).digest('hex')}`);
    const lane = ranges.findIndex((r) => r.from <= hash && hash <= r.to);
    const found = lanes.get(lane);
    if (found) found.push(line);
    else lanes.set(lane, [line]);
  }
  return [...lanes.values()];
}
