import { createHash } from 'node:crypto';
import { TidemarkError } from '../errors.ts';

const KEY_SPACE = 1n << 128n;

/** An unsigned 128-bit integer in decimal, as Kinesis wants explicit hash keys. */
export function checkHashKey(decimal: string): void {
  if (/^(0|[1-9]\d{0,38})$/.test(decimal) && BigInt(decimal) < KEY_SPACE) return;
  throw new TidemarkError('invalid', `"${decimal}" is no hash key`, {
    remedy: 'write a whole number from 0 to 2^128 - 1 in decimal',
  });
}

/** Which of `count` equal ranges of the hash key space a record belongs to: MD5 of its key, or its explicit hash key. */
export function rangeIndex(partitionKey: string, explicitHashKey: string | undefined, count: number): number {
  const key =
    explicitHashKey === undefined
      ? BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
      : BigInt(explicitHashKey);
  return Number((key * BigInt(count)) / KEY_SPACE);
}

/** The lowest hash key of a range, decimal: every record of the range goes to the shard that holds it. */
export function rangeStart(index: number, count: number): string {
  // Rounded up, so that it belongs to the range and not to the one below.
  return ((KEY_SPACE * BigInt(index) + BigInt(count) - 1n) / BigInt(count)).toString();
}
