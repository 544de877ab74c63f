import type { Position } from '../../ports/ledger.ts';

/*
 * Kinesis does not document the layout of its sequence numbers; this is the one that its numbers have been observed
 * to follow. 47 hexadecimal digits, from the left:
 *   "2" | 9: creation second of the shard | 1: shard index mod 16 | 16: counter | 2: "00" | 9: second of arrival
 *   | 8: shard index | "2" (version)
 * The leading "2" makes the decimal form begin with 49 and have 56 digits for every date before the year 4100.
 * The counter stands above the arrival second, so order never depends on the clock.
 */
const COUNTER_SHIFT = 80n;
const PREFIX_SHIFT = 144n;
const COUNTER_MASK = (1n << 64n) - 1n;
const LAST_COUNTER = (1n << 63n) - 1n;
const VERSION = 2n;

/** What a sequence number says. */
export interface SequenceParts {
  /** The shard's creation second, as given to `ShardSequence`. */
  epoch: number;
  shardIndex: number;
  counter: bigint;
  /** Second of arrival since 1970. */
  second: number;
}

/** The sequence numbers of one shard. `epoch` must be higher than that of every parent. */
export class ShardSequence {
  readonly #prefix: bigint;
  readonly #high: bigint;
  readonly #index: bigint;
  readonly #epoch: number;

  constructor(epoch: number, shardIndex: number) {
    this.#epoch = epoch;
    this.#index = BigInt(shardIndex);
    this.#prefix = (((2n << 36n) | BigInt(epoch)) << 4n) | (this.#index & 15n);
    this.#high = this.#prefix << PREFIX_SHIFT;
  }

  /** The number of the record `counter` that arrived at `arrivedAt` (milliseconds since 1970). */
  of(counter: number, arrivedAt: number): string {
    return this.#encode(BigInt(counter), Math.floor(arrivedAt / 1000));
  }

  /** `StartingSequenceNumber`: below every record of the shard. */
  start(): string {
    return this.#encode(0n, this.#epoch);
  }

  /** `EndingSequenceNumber` of a shard closed at `closedAt` (milliseconds since 1970): above every record. */
  end(closedAt: number): string {
    return this.#encode(LAST_COUNTER, Math.floor(closedAt / 1000));
  }

  /**
   * Records with a lower counter than the returned one are certainly at or below `position`, records with a higher
   * counter certainly above; the record that has it must be compared.
   */
  counterAt(position: bigint): number {
    const prefix = position >> PREFIX_SHIFT;
    if (prefix < this.#prefix) return 0;
    if (prefix > this.#prefix) return Number.POSITIVE_INFINITY;
    return Number((position >> COUNTER_SHIFT) & COUNTER_MASK);
  }

  /** True when `parts` can be a number of this shard. */
  owns(parts: SequenceParts): boolean {
    return parts.epoch === this.#epoch && BigInt(parts.shardIndex) === this.#index;
  }

  #encode(counter: bigint, second: number): string {
    const low = (BigInt(Math.max(0, second)) << 36n) | (this.#index << 4n) | VERSION;
    return (this.#high | (counter << COUNTER_SHIFT) | low).toString();
  }
}

/** Undefined when `text` is not a sequence number in the layout above. */
export function parseSequence(text: string): SequenceParts | undefined {
  if (!/^(0|[1-9]\d{0,128})$/.test(text)) return undefined;
  const n = BigInt(text);
  if (n >> 184n !== 2n || (n & 15n) !== VERSION) return undefined;
  const shardIndex = Number((n >> 4n) & 0xffff_ffffn);
  if (((n >> PREFIX_SHIFT) & 15n) !== BigInt(shardIndex & 15)) return undefined;
  return {
    epoch: Number((n >> 148n) & 0xf_ffff_ffffn),
    shardIndex,
    counter: (n >> COUNTER_SHIFT) & COUNTER_MASK,
    second: Number((n >> 36n) & 0xf_ffff_ffffn),
  };
}

/** Zero-padded to 56 digits, so that text order is stream order. */
export function toPosition(sequence: string | bigint): Position {
  return sequence.toString().padStart(56, '0');
}
