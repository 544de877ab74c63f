import { TidemarkError } from '../errors.ts';
import type { Position } from '../ports/ledger.ts';

/** What Lambda's Kinesis event source hands to a function (docs: "Using Lambda with Kinesis", example event). */
export interface KinesisEvent {
  Records: KinesisEventRecord[];
}

export interface KinesisEventRecord {
  /** `shardId-000000000006:<sequence number>` */
  eventID: string;
  /** `arn:aws:kinesis:<region>:<account>:stream/<name>` */
  eventSourceARN: string;
  kinesis: {
    sequenceNumber: string;
    partitionKey: string;
    /** Base64. */
    data: string;
    /** Seconds since 1970, with a fraction. */
    approximateArrivalTimestamp: number;
  };
}

/** The lowest identifier returned is where the event source goes on; an empty list means that all is done. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** A record of one shard, in stream order, before it is decoded. */
export interface RawRecord {
  position: Position;
  sequenceNumber: string;
  partitionKey: string;
  /** Milliseconds since 1970. */
  arrivedAt: number;
  data: Uint8Array;
}

export interface RawBatch {
  stream: string;
  shard: string;
  /** In ascending order of position. */
  records: RawRecord[];
}

/** Zero-pads a Kinesis sequence number, so that text order is stream order. */
export function positionOf(sequenceNumber: string): Position {
  if (!/^\d{1,56}$/.test(sequenceNumber))
    throw new TidemarkError(
      'invalid',
      `"${sequenceNumber}" is not a Kinesis sequence number of 1 to 56 digits`,
    );
  return sequenceNumber.padStart(56, '0');
}

/**
 * Reads an event. Lambda gives the records of one shard per batch.
 * @throws kind `invalid` when the records are of several shards or streams
 */
export function readEvent(event: KinesisEvent): RawBatch | undefined {
  const head = event.Records[0];
  if (head === undefined) return undefined;
  const stream = head.eventSourceARN.slice(head.eventSourceARN.lastIndexOf('/') + 1);
  const shard = head.eventID.slice(0, head.eventID.indexOf(':'));
  const records = event.Records.map((record): RawRecord => {
    if (record.eventSourceARN !== head.eventSourceARN || !record.eventID.startsWith(`${shard}:`))
      throw new TidemarkError('invalid', 'an event holds records of more than one shard', {
        context: { first: head.eventID, other: record.eventID },
        remedy: 'set the event source mapping to a parallelization factor of 1',
      });
    const { sequenceNumber, partitionKey, data, approximateArrivalTimestamp } = record.kinesis;
    return {
      position: positionOf(sequenceNumber),
      sequenceNumber,
      partitionKey,
      arrivedAt: Math.round(approximateArrivalTimestamp * 1000),
      data: Buffer.from(data, 'base64'),
    };
  });
  return { stream, shard, records };
}
