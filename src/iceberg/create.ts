import { TidemarkError } from '../errors.ts';
import { tableKey } from '../ports/catalog.ts';
import type { TableName } from '../ports/catalog.ts';
import { metadataPath } from './locations.ts';
import type { TableMetadata } from './metadata.ts';
import { serialiseMetadata } from './metadata-json.ts';
import { LAST_PARTITION_ID_NONE, UNPARTITIONED } from './partition.ts';
import { assignIds } from './schema.ts';
import type { FieldDraft } from './schema.ts';
import { putNew } from './put.ts';
import { loadTable, requireTable } from './table.ts';
import type { Table, TableIo } from './table.ts';

export interface TableDraft {
  /** URI of the table's folder, without a slash at its end. */
  location: string;
  /** Columns without ids; they get fresh ones. */
  schema: FieldDraft[];
  /** @default {} */
  properties?: Readonly<Record<string, string>>;
}

const CREATE_ATTEMPTS = 3;

/**
 * Creates an unpartitioned table without a snapshot. Idempotent: a table that exists is returned as it is, whatever
 * its schema. Throws `invalid` for a bad schema and `unknown` when the catalog's answer stays unknown.
 */
export async function createTable(io: TableIo, name: TableName, draft: TableDraft): Promise<Table> {
  const existing = await loadTable(io, name);
  if (existing) return existing;
  const metadata = firstMetadata(draft, io.random.uuid(), io.clock.now());
  const path = metadataPath(metadata, undefined, io.random.uuid());
  await putNew(io.store, path, serialiseMetadata(metadata, { gzip: path.endsWith('.gz.metadata.json') }));
  let cause: unknown;
  // Creating again after an unknown answer is safe: at most one of the attempts can win, and all name the same file.
  for (let attempt = 0; attempt < CREATE_ATTEMPTS; attempt += 1) {
    const outcome = await io.catalog.create(name, path);
    if (outcome.kind !== 'unknown') return requireTable(io, name);
    cause = outcome.cause;
    const created = await loadTable(io, name);
    if (created) return created;
  }
  throw new TidemarkError('unknown', `Whether ${tableKey(name)} was created is not known`, {
    context: { table: tableKey(name), metadataLocation: path },
    remedy: 'Create it again.',
    cause,
  });
}

function firstMetadata(draft: TableDraft, uuid: string, now: number): TableMetadata {
  const { fields, lastColumnId } = assignIds(draft.schema);
  return {
    'format-version': 2,
    'table-uuid': uuid,
    location: draft.location.replace(/\/+$/, ''),
    'last-sequence-number': 0n,
    'last-updated-ms': now,
    'last-column-id': lastColumnId,
    'current-schema-id': 0,
    schemas: [{ type: 'struct', 'schema-id': 0, fields }],
    'default-spec-id': 0,
    'partition-specs': [UNPARTITIONED],
    'last-partition-id': LAST_PARTITION_ID_NONE,
    'default-sort-order-id': 0,
    'sort-orders': [{ 'order-id': 0, fields: [] }],
    properties: { ...draft.properties },
    refs: {},
    snapshots: [],
    'snapshot-log': [],
    'metadata-log': [],
  };
}
