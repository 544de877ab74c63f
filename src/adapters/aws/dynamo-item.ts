import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { TidemarkError } from '../../errors.ts';

export type Item = Record<string, AttributeValue>;

export const text = (value: string): AttributeValue => ({ S: value });
export const number = (value: number): AttributeValue => ({ N: String(value) });
export const binary = (value: Uint8Array): AttributeValue => ({ B: value });

/** DynamoDB refuses larger items; names of attributes count. */
export const LARGEST_ITEM_BYTES = 400 * 1024;

function wrong(item: Item, name: string): TidemarkError {
  return new TidemarkError('corrupt', `an item of DynamoDB has no usable "${name}"`, {
    context: { pk: item.pk?.S, sk: item.sk?.S, attribute: name },
  });
}

export function textOf(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw wrong(item, name);
  return value;
}

export function numberOf(item: Item, name: string): number {
  const value = Number(item[name]?.N);
  if (!Number.isFinite(value)) throw wrong(item, name);
  return value;
}

export function binaryOf(item: Item, name: string): Uint8Array {
  const value = item[name]?.B;
  if (value === undefined) throw wrong(item, name);
  return value;
}

/** An upper estimate of an item's size as DynamoDB counts it ("DynamoDB item sizes and formats"). */
export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item))
    bytes +=
      name.length +
      (value.S === undefined ? 0 : Buffer.byteLength(value.S)) +
      (value.B?.byteLength ?? 0) +
      22;
  return bytes;
}

/** Joins the parts of a key. Names of AWS resources cannot hold the separator. */
export function keyOf(...parts: string[]): string {
  const bad = parts.find((part) => part.includes('#'));
  if (bad !== undefined)
    throw new TidemarkError('invalid', `"${bad}" holds a #, which separates the parts of a key`, {
      context: { part: bad },
    });
  return parts.join('#');
}
