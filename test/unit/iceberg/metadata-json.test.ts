import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import {
  currentSnapshot,
  parseMetadata,
  serialiseMetadata,
  snapshotByRef,
} from '../../../src/iceberg/index.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (json: string): Uint8Array => new TextEncoder().encode(json);

const FOREIGN = `{"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"s3://b/t","last-sequence-number":34,"last-updated-ms":1602638573590,"last-column-id":1,"current-schema-id":0,"schemas":[{"type":"struct","schema-id":0,"fields":[{"id":1,"name":"x","required":true,"type":"long","write-default":9007199254740993}]}],"default-spec-id":0,"partition-specs":[{"spec-id":0,"fields":[]}],"last-partition-id":999,"default-sort-order-id":0,"sort-orders":[{"order-id":0,"fields":[]}],"properties":{"a":"b"},"current-snapshot-id":3055729675574597004,"refs":{"main":{"snapshot-id":3055729675574597004,"type":"branch","max-ref-age-ms":5,"new-thing":[1.50,1e400]}},"snapshots":[{"sequence-number":34,"snapshot-id":3055729675574597004,"parent-snapshot-id":3051729675574597004,"timestamp-ms":1555100955770,"summary":{"operation":"append"},"manifest-list":"s3://b/t/l.avro","schema-id":0,"first-row-id":7}],"statistics":[{"snapshot-id":3055729675574597004}],"partition-statistics":[],"snapshot-log":[{"timestamp-ms":1555100955770,"snapshot-id":3055729675574597004}],"metadata-log":[],"something-new":{"deep":{"id":3055729675574597005}}}`;

describe('metadata of another writer', () => {
  it('goes back byte for byte: unknown fields, 64-bit ids, odd numbers', () => {
    expect(text(serialiseMetadata(parseMetadata(bytes(FOREIGN))))).toBe(FOREIGN);
  });

  it('keeps snapshot ids that a double would round', () => {
    expect(currentSnapshot(parseMetadata(bytes(FOREIGN)))?.['snapshot-id']).toBe(3055729675574597004n);
  });

  it('is read when gzipped, and written so', () => {
    const metadata = parseMetadata(gzipSync(bytes(FOREIGN)));
    const written = serialiseMetadata(metadata, { gzip: true });
    expect(written.length).toBeLessThan(FOREIGN.length);
    expect(parseMetadata(written)).toEqual(metadata);
  });

  it.each([['-1'], ['null'], [undefined]])('has no snapshot when current-snapshot-id is %s', (id) => {
    const empty = FOREIGN.replace(
      /"current-snapshot-id":\d+,"refs":\{.*?\}\},/,
      id ? `"current-snapshot-id":${id},` : '',
    )
      .replace(/"snapshots":\[.*?\],"stat/, '"snapshots":[],"stat')
      .replace(/"snapshot-log":\[.*?\]/, '"snapshot-log":[]');
    const metadata = parseMetadata(bytes(empty));
    expect(currentSnapshot(metadata)).toBeUndefined();
    expect(metadata['current-snapshot-id']).toBeUndefined();
  });

  it('has main where writers before refs left only current-snapshot-id', () => {
    const old = FOREIGN.replace(/"refs":\{.*?\}\},/, '');
    expect(snapshotByRef(parseMetadata(bytes(old)), 'main')?.['sequence-number']).toBe(34n);
  });

  it('is refused in other format versions, and called corrupt when it is none', () => {
    expect(() => parseMetadata(bytes(FOREIGN.replace('"format-version":2', '"format-version":3')))).toThrow(
      'version 3',
    );
    expect(() => parseMetadata(bytes('{'))).toThrow('not JSON');
    expect(() => parseMetadata(bytes('[]'))).toThrow('not a JSON object');
    expect(() => parseMetadata(bytes('{"format-version":2}'))).toThrow('lacks table-uuid');
  });
});
