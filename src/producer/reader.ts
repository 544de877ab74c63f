import { TidemarkError } from '../errors.ts';
import type { Contract } from '../ingest/contract.ts';
import { encodeRecord } from './encode.ts';
import { checkHashKey } from './hash-range.ts';
import type { Item } from './lane.ts';
import { MAX_RECORD_BYTES, type ProducerEvent, type ProducerOptions } from './options.ts';
import type { RecordOf, StreamContract } from './record-of.ts';

/** What may be said of one record. */
export interface PutOptions {
  /** Instead of what the producer's `partitionKey` gives. */
  partitionKey?: string;
  /** Chooses the shard instead of the partition key: an unsigned 128-bit integer in decimal. */
  explicitHashKey?: string;
}

/** Turns what a caller puts into bytes and keys, and holds it against the contract. */
export class RecordReader<S extends StreamContract> {
  readonly #options: ProducerOptions<S>;
  readonly #contract: Contract;
  readonly #tell: (event: ProducerEvent) => void;

  constructor(options: ProducerOptions<S>, contract: Contract, tell: (event: ProducerEvent) => void) {
    this.#options = options;
    this.#contract = contract;
    this.#tell = tell;
  }

  read(
    record: RecordOf<S> | Uint8Array,
    options: PutOptions,
  ): Pick<Item, 'data' | 'bytes' | 'partitionKey' | 'explicitHashKey'> {
    // Copied: the caller may use its buffer again before the record is sent.
    const data = record instanceof Uint8Array ? Uint8Array.from(record) : encodeRecord(record);
    const read = this.#contract.read(data);
    if (read.kind === 'refused') {
      const sent = this.#options.onBadRecord === 'send';
      this.#tell({ kind: 'bad', reason: read.reason, sent });
      if (!sent)
        throw new TidemarkError('invalid', `the record breaks the stream's contract: ${read.message}`, {
          context: { stream: this.#options.streamName, reason: read.reason },
        });
    }
    const partitionKey = options.partitionKey ?? this.#keyOf(record, data);
    if (partitionKey.length < 1 || partitionKey.length > 256)
      throw new TidemarkError(
        'invalid',
        `a partition key has 1 to 256 characters, not ${partitionKey.length}`,
      );
    const { explicitHashKey } = options;
    if (explicitHashKey !== undefined) checkHashKey(explicitHashKey);
    const keys = Buffer.byteLength(partitionKey) + (explicitHashKey?.length ?? 0);
    if (data.length + keys > MAX_RECORD_BYTES)
      throw new TidemarkError('invalid', `the record has ${data.length + keys} bytes with its keys`, {
        remedy: `keep it within ${MAX_RECORD_BYTES}`,
      });
    return { data, bytes: data.length + keys, partitionKey, explicitHashKey };
  }

  #keyOf(record: RecordOf<S> | Uint8Array, data: Uint8Array): string {
    const { partitionKey } = this.#options;
    let fields: object = record;
    if (record instanceof Uint8Array) {
      try {
        fields = JSON.parse(Buffer.from(data).toString('utf8')) as object;
      } catch (cause) {
        throw new TidemarkError('invalid', 'a record that is no JSON has no partition key of its own', {
          remedy: 'name one: put(bytes, { partitionKey })',
          cause,
        });
      }
    }
    if (typeof partitionKey === 'function') return partitionKey(fields as RecordOf<S>);
    const value: unknown = (fields as Record<string, unknown>)[partitionKey];
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'bigint') return String(value);
    if (value instanceof Date) return value.toISOString();
    throw new TidemarkError('invalid', `the field ${partitionKey} is no partition key`, {
      remedy: 'give a text or a number, or name one: put(record, { partitionKey })',
    });
  }
}
