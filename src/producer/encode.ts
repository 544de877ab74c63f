import { TidemarkError } from '../errors.ts';
import type { PlanStream } from '../definition/plan.ts';
import type { StreamContract } from './record-of.ts';

/** The stream as the contract's compiler takes it. The name is only for messages. */
export function planStream(contract: StreamContract, name: string): PlanStream {
  if (Array.isArray(contract.columns)) return contract as PlanStream;
  return {
    name,
    columns: Object.entries(contract.columns).map(([column, c]) => ({ name: column, ...c })),
    eventTime: contract.eventTime,
    extras: contract.extras ?? 'keep',
    shards: contract.shards ?? 1,
    retentionHours: contract.retentionHours ?? 24,
  };
}

/**
 * A record as JSON bytes. JSON has no way to say what would be lost silently, so that is refused.
 * @throws TidemarkError kind `invalid` for NaN, infinities, functions, symbols and circles
 */
export function encodeRecord(record: object): Uint8Array {
  let text: string | undefined;
  try {
    // An arrow function would not see the holder: toJSON of dates and buffers runs before the replacer.
    text = JSON.stringify(record, function (this: Record<string, unknown>, key: string, seen: unknown) {
      return plain(key, this[key], seen);
    });
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    throw new TidemarkError('invalid', `the record cannot be written as JSON: ${String(cause)}`, { cause });
  }
  return Buffer.from(text, 'utf8');
}

function plain(key: string, value: unknown, seen: unknown): unknown {
  switch (typeof value) {
    case 'bigint':
      return value.toString();
    case 'number':
      if (Number.isFinite(value)) return value;
      throw new TidemarkError('invalid', `${key} is ${value}, which JSON cannot say`);
    case 'function':
    case 'symbol':
      throw new TidemarkError('invalid', `${key} is a ${typeof value}, which JSON cannot say`);
    default:
      if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
      if (value instanceof Date && Number.isNaN(value.getTime()))
        throw new TidemarkError('invalid', `${key} is an invalid date`);
      return seen;
  }
}
