import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { decodeAggregated, encodeAggregated } from '../../../src/ingest/aggregated.ts';
import type { UserRecord } from '../../../src/ingest/aggregated.ts';

const MAGIC = 'f3899ac2';

/** The frame around protobuf bytes given as hex. */
function framed(hex: string): Uint8Array {
  const message = Buffer.from(hex, 'hex');
  return Buffer.concat([Buffer.from(MAGIC, 'hex'), message, createHash('md5').update(message).digest()]);
}

const user: fc.Arbitrary<UserRecord> = fc
  .record(
    {
      partitionKey: fc.string({ unit: 'grapheme' }),
      explicitHashKey: fc.string(),
      data: fc.uint8Array({ maxLength: 300 }),
    },
    { requiredKeys: ['partitionKey', 'data'] },
  )
  .map((r) => r as UserRecord);

test('what is packed comes out, in order, with its keys', () => {
  fc.assert(
    fc.property(fc.array(user, { minLength: 1, maxLength: 20 }), (records) => {
      const decoded = decodeAggregated(encodeAggregated(records));
      expect(decoded.kind).toBe('aggregated');
      const plain = decoded.kind === 'aggregated' ? decoded.records : [];
      expect(plain.map((r) => ({ ...r, data: Uint8Array.from(r.data) }))).toEqual(
        records.map((r) => ({ ...r, data: Uint8Array.from(r.data) })),
      );
    }),
  );
});

// partition_key_table "a"; records { index 0, data "xy" }, as the format's own description lays them out.
test('a message written by another library is read', () => {
  const decoded = decodeAggregated(framed('0a0161' + '1a06' + '0800' + '1a027879'));
  expect(decoded).toMatchObject({ kind: 'aggregated', records: [{ partitionKey: 'a' }] });
  expect(decoded.kind === 'aggregated' && Buffer.from(decoded.records[0]!.data).toString()).toBe('xy');
});

test.each([
  ['tables behind the records', '1a06' + '0800' + '1a027879' + '0a0161'],
  ['tags on a record', '0a0161' + '1a0b' + '0800' + '1a027879' + '2203' + '0a0174'],
  ['a field of a later version', '0a0161' + '2a0178' + '1a06' + '0800' + '1a027879'],
])('%s are no harm', (_, hex) => {
  expect(decodeAggregated(framed(hex))).toMatchObject({
    kind: 'aggregated',
    records: [{ partitionKey: 'a' }],
  });
});

describe('a record that says it is aggregated and is not', () => {
  test.each<[string, Uint8Array]>([
    ['only the magic', Buffer.from(MAGIC, 'hex')],
    ['too short for a checksum', Buffer.from(`${MAGIC}0011`, 'hex')],
    ['a wrong checksum', Buffer.concat([framed('0a0161').subarray(0, -1), Uint8Array.of(0)])],
    ['a truncated message', framed('0a0561')],
    ['a key index outside the table', framed('0a0161' + '1a06' + '0801' + '1a027879')],
    ['a key index beyond 32 bits', framed('0a0161' + '1a0a' + '088080808010' + '1a027879')],
    ['a hash key index outside the table', framed('0a0161' + '1a08' + '0800' + '1000' + '1a027879')],
    ['a record without key', framed('0a0161' + '1a04' + '1a027879')],
    ['a record without data', framed('0a0161' + '1a02' + '0800')],
    ['a record longer than the message', framed('0a0161' + '1a7f' + '0800' + '1a027879')],
    ['a field that runs over the end of its record', framed('0a0161' + '1a05' + '0800' + '1a027879')],
    ['field number 0', framed('0200')],
  ])('%s is corrupt, whole', (_, data) => {
    expect(decodeAggregated(data)).toMatchObject({ kind: 'corrupt' });
  });

  test('no bytes at all make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(['aggregated', 'corrupt']).toContain(
          decodeAggregated(framed(Buffer.from(bytes).toString('hex'))).kind,
        );
      }),
    );
  });
});

test.each([['{"a":1}'], [''], ['\u00f3\u0089']])('the plain record %j stays what it is', (text) => {
  expect(decodeAggregated(Buffer.from(text))).toEqual({ kind: 'plain' });
});

test('nothing cannot be packed', () => {
  expect(() => encodeAggregated([])).toThrow(/at least one/);
});
