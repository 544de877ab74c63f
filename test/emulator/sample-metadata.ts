import { UNPARTITIONED, type TableMetadata } from '../../src/iceberg/index.ts';

/** Metadata of a table without a snapshot. */
export function sampleMetadata(change: Partial<TableMetadata> = {}): TableMetadata {
  return {
    'format-version': 2,
    'table-uuid': '9c12d441-03fe-4693-9a96-a0705ddf69c1',
    location: 's3://lake/orders',
    'last-sequence-number': 0n,
    'last-updated-ms': 0,
    'last-column-id': 1,
    'current-schema-id': 0,
    schemas: [
      { type: 'struct', 'schema-id': 0, fields: [{ id: 1, name: 'id', required: true, type: 'string' }] },
    ],
    'default-spec-id': 0,
    'partition-specs': [UNPARTITIONED],
    'last-partition-id': 999,
    'default-sort-order-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: {},
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
    ...change,
  };
}
