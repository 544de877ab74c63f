import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { column } from '../../src/definition/index.ts';
import type { StreamDefinition } from '../../src/definition/index.ts';
import { decodeAggregated } from '../../src/ingest/aggregated.ts';
import type { KinesisStore } from '../../src/local/kinesis/store.ts';
import { BIRTH } from '../../src/ports/ledger.ts';
import { drain } from '../contract/stream.ts';
import type { Dice } from '../local/support/random.ts';

export const VISITS = {
  columns: {
    visitor: column.string(),
    n: column.int(),
    seen: column.timestamp(),
    note: column.string({ optional: true }),
  },
  eventTime: 'seen',
} satisfies StreamDefinition;

export const visit = (visitor: string, n: number, note = '') => ({
  visitor,
  n,
  seen: '2026-01-01T00:00:00Z',
  note,
});

/** A user record as it stands in the stream. */
export interface Stored {
  shardId: string;
  sequenceNumber: string;
  sub: number;
  partitionKey: string;
  text: string;
  n: number;
  streamBytes: number;
}

/** All user records of a stream, shard by shard, in order; aggregated ones are unpacked as ingest does it. */
export async function stored(store: KinesisStore, stream: string): Promise<Stored[]> {
  const all: Stored[] = [];
  for (const { shardId } of await store.shards(stream)) {
    for (const { data, sequenceNumber, partitionKey } of await drain(
      store,
      stream,
      shardId,
      undefined,
      BIRTH,
    )) {
      const decoded = decodeAggregated(data);
      if (decoded.kind === 'corrupt') throw new Error(decoded.message);
      const records = decoded.kind === 'plain' ? [{ partitionKey, data }] : decoded.records;
      records.forEach((record, sub) => {
        const text = Buffer.from(record.data).toString();
        const { n } = JSON.parse(text) as { n: number };
        const place = { shardId, sequenceNumber, sub, streamBytes: data.length + partitionKey.length };
        all.push({ ...place, partitionKey: record.partitionKey, text, n });
      });
    }
  }
  return all;
}

export const placeOf = (s: {
  shardId: string;
  sequenceNumber: string;
  sub?: number;
  subSequence?: number;
}): string => `${s.shardId}/${s.sequenceNumber}/${s.sub ?? s.subSequence ?? 0}`;

/** Lets requests fail before they are sent, or after they took effect. */
export function breakConnections(client: KinesisClient, dice: Dice, share: number): void {
  const reset = (): Error => Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  const refused = (): Error => Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  client.middlewareStack.add(
    (next) => async (args) => {
      if (!dice.chance(share)) return next(args);
      switch (dice.below(3)) {
        case 0:
          throw refused();
        case 1:
          throw reset();
        default:
          await next(args);
          throw reset();
      }
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
}
