import { hash } from 'node:crypto';

/** Hash keys are unsigned 128-bit integers; here 32 lower-case hexadecimal digits, so that text order is their order. */
export type HashKey = string;

export const MAX_HASH_KEY: HashKey = 'f'.repeat(32);
const KEY_SPACE = 1n << 128n;

/** The hash key of a partition key: MD5 of its UTF-8 form. */
export function hashPartitionKey(partitionKey: string): HashKey {
  return hash('md5', partitionKey, 'hex');
}

export function fromDecimal(decimal: string): HashKey {
  return toHashKey(BigInt(decimal));
}

export function toHashKey(value: bigint): HashKey {
  return value.toString(16).padStart(32, '0');
}

export function toInteger(key: HashKey): bigint {
  return BigInt(`0x${key}`);
}

export function toDecimal(key: HashKey): string {
  return toInteger(key).toString();
}

/** The decimal text of an unsigned 128-bit integer without leading zeros, as the API demands it. */
export function isHashKey(decimal: string): boolean {
  return /^(0|[1-9]\d{0,38})$/.test(decimal) && BigInt(decimal) < KEY_SPACE;
}

/** Both ends belong to the range. */
export interface HashRange {
  start: HashKey;
  end: HashKey;
}

/** `count` ranges of equal width (the last takes the remainder) that partition the whole key space. */
export function uniformRanges(count: number): HashRange[] {
  const width = KEY_SPACE / BigInt(count);
  return Array.from({ length: count }, (_, i) => ({
    start: toHashKey(width * BigInt(i)),
    end: i === count - 1 ? MAX_HASH_KEY : toHashKey(width * BigInt(i + 1) - 1n),
  }));
}

/** The index in `starts` (ascending, the first is zero) of the range that holds `key`. */
export function rangeOf(starts: readonly HashKey[], key: HashKey): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= key) low = middle;
    else high = middle - 1;
  }
  return low;
}
