import { createHash } from 'node:crypto';
import type { RawRecord } from '../ingest/event.ts';
import { positionOf } from '../ingest/event.ts';
import type { Processor } from '../ingest/processor.ts';
import type { Clock } from '../ports/clock.ts';

/** Records a claim takes. */
const BATCH = 10_000;

export interface Loaded {
  /** The shard of the load's own under which its records are claimed. */
  shard: string;
  records: number;
  /** Records that this call claimed; the others were loaded before. */
  fresh: number;
  quarantined: number;
}

/**
 * Names the shard of a batch load by what is loaded: the same records loaded again are the same positions of the same
 * shard, and add nothing.
 */
export async function loadShard(lines: AsyncIterable<string>): Promise<string> {
  const hash = createHash('sha256');
  for await (const line of lines) hash.update(line).update('\n');
  return `batch-${hash.digest('hex').slice(0, 24)}`;
}

/**
 * Brings a batch of records into a stream's tables the way every record comes: contract, rule, claim, commit, merge.
 * What batch layers know (a schedule, a price list) so becomes rows that events enrich, whichever comes first.
 *
 * @param lines the records as JSON, one each; `shard` is `loadShard` of them
 */
export async function loadRecords(
  processor: Processor,
  stream: string,
  shard: string,
  lines: AsyncIterable<string>,
  clock: Clock,
): Promise<Loaded> {
  const loaded: Loaded = { shard, records: 0, fresh: 0, quarantined: 0 };
  let batch: RawRecord[] = [];
  const flush = async (): Promise<void> => {
    while (batch.length > 0) {
      const result = await processor.process({ stream, shard, records: batch });
      loaded.fresh += result.received;
      loaded.quarantined += result.quarantined;
      const { rest } = result;
      batch = rest === undefined ? [] : batch.slice(batch.findIndex((r) => r.sequenceNumber === rest));
    }
  };
  for await (const line of lines) {
    loaded.records++;
    const sequenceNumber = String(loaded.records);
    const position = positionOf(sequenceNumber);
    batch.push({
      position,
      sequenceNumber,
      partitionKey: shard,
      arrivedAt: clock.now(),
      data: Buffer.from(line),
    });
    if (batch.length >= BATCH) await flush();
  }
  await flush();
  return loaded;
}
