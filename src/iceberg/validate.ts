import { ancestors } from './ancestry.ts';
import type { Expect, Finding } from './finding.ts';
import { currentSnapshot } from './metadata.ts';
import type { TableMetadata } from './metadata.ts';
import { highestId, leafColumns } from './schema.ts';
import { MAIN } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import type { TableIo } from './table.ts';
import { checkSnapshotFiles } from './validate-files.ts';

/** Java accepts clocks that differ by this much between writers, in milliseconds. */
const CLOCK_SKEW_MS = 60_000;
const OPERATIONS: ReadonlySet<string> = new Set(['append', 'replace', 'overwrite', 'delete']);

/**
 * Checks a table against the specification. With `io` it also reads the manifests of every snapshot and compares
 * them with what lists and summaries say. Returns what is wrong; an empty list is a sound table.
 */
export async function checkMetadata(metadata: TableMetadata, io?: TableIo): Promise<Finding[]> {
  const findings: Finding[] = [];
  const expect: Expect = (holds, rule, message) => {
    if (!holds) findings.push({ rule, message });
  };
  checkSchemas(metadata, expect);
  checkHistory(metadata, expect);
  for (const snapshot of metadata.snapshots) checkSnapshot(metadata, snapshot, expect);
  if (io) {
    for (const snapshot of metadata.snapshots) await checkSnapshotFiles(io, metadata, snapshot, expect);
  }
  return findings;
}

function checkSchemas(metadata: TableMetadata, expect: Expect): void {
  const has = <T>(list: T[], id: (item: T) => number, wanted: number): boolean =>
    list.some((item) => id(item) === wanted);
  expect(metadata['format-version'] === 2, 'format-version', String(metadata['format-version']));
  const current = metadata['current-schema-id'];
  expect(
    has(metadata.schemas, (schema) => schema['schema-id'], current),
    'current-schema-id',
    `no schema ${current}`,
  );
  const spec = metadata['default-spec-id'];
  expect(
    has(metadata['partition-specs'], (item) => item['spec-id'], spec),
    'default-spec-id',
    `no spec ${spec}`,
  );
  const order = metadata['default-sort-order-id'];
  expect(
    has(metadata['sort-orders'], (item) => item['order-id'], order),
    'default-sort-order-id',
    `no order ${order}`,
  );
  expectUnique(
    metadata.schemas.map((schema) => schema['schema-id']),
    'schema-id',
    expect,
  );
  for (const schema of metadata.schemas) {
    const id = schema['schema-id'];
    expect(
      highestId(schema) <= metadata['last-column-id'],
      'last-column-id',
      `schema ${id} has a higher field id`,
    );
    expectUnique(
      leafColumns(schema).map((leaf) => leaf.id),
      `field ids of schema ${id}`,
      expect,
    );
    expectUnique(
      schema.fields.map((field) => field.name),
      `names of schema ${id}`,
      expect,
    );
  }
  const partitionIds = metadata['partition-specs'].flatMap((item) =>
    item.fields.map((field) => field['field-id']),
  );
  for (const id of partitionIds)
    expect(id <= metadata['last-partition-id'], 'last-partition-id', `field ${id} is higher`);
}

function checkHistory(metadata: TableMetadata, expect: Expect): void {
  const ids = new Set(metadata.snapshots.map((snapshot) => snapshot['snapshot-id']));
  expectUnique(
    metadata.snapshots.map((snapshot) => snapshot['snapshot-id']),
    'snapshot-id',
    expect,
  );
  expectUnique(
    metadata.snapshots.map((snapshot) => snapshot['sequence-number']),
    'sequence-number',
    expect,
  );
  const current = metadata['current-snapshot-id'];
  expect(metadata.refs[MAIN]?.['snapshot-id'] === current, 'refs.main', 'main is not the current snapshot');
  expect(current === undefined || ids.has(current), 'current-snapshot-id', 'the current snapshot is missing');
  for (const [name, ref] of Object.entries(metadata.refs)) {
    expect(ids.has(ref['snapshot-id']), 'refs', `${name} names a missing snapshot`);
  }
  const log = metadata['snapshot-log'];
  for (const entry of log)
    expect(ids.has(entry['snapshot-id']), 'snapshot-log', `${entry['snapshot-id']} is missing`);
  expect(
    log.at(-1)?.['snapshot-id'] === current,
    'snapshot-log',
    'its last entry is not the current snapshot',
  );
  expectAscending(
    log.map((entry) => entry['timestamp-ms']),
    'snapshot-log',
    expect,
  );
  const files = metadata['metadata-log'];
  expectAscending(
    [...files.map((entry) => entry['timestamp-ms']), metadata['last-updated-ms']],
    'metadata-log',
    expect,
  );
  expectUnique(
    files.map((entry) => entry['metadata-file']),
    'metadata-file',
    expect,
  );
  const head = current !== undefined && ids.has(current) ? currentSnapshot(metadata) : undefined;
  if (head) {
    const { chain } = ancestors(metadata, head);
    expectAscending(
      chain.map((snapshot) => snapshot['timestamp-ms']).reverse(),
      'timestamps of main',
      expect,
    );
  }
}

function checkSnapshot(metadata: TableMetadata, snapshot: Snapshot, expect: Expect): void {
  const name = `snapshot ${snapshot['snapshot-id']}`;
  const sequence = snapshot['sequence-number'];
  expect(sequence > 0n && sequence <= metadata['last-sequence-number'], 'sequence-number', name);
  expect(snapshot['timestamp-ms'] <= metadata['last-updated-ms'] + CLOCK_SKEW_MS, 'timestamp-ms', name);
  expect(OPERATIONS.has(snapshot.summary.operation), 'operation', `${name}: ${snapshot.summary.operation}`);
  expect(typeof snapshot['manifest-list'] === 'string', 'manifest-list', name);
  const schemaId = snapshot['schema-id'];
  const known = schemaId === undefined || metadata.schemas.some((schema) => schema['schema-id'] === schemaId);
  expect(known, 'schema-id', `${name} has an unknown schema`);
  const parent = metadata.snapshots.find(
    (candidate) => candidate['snapshot-id'] === snapshot['parent-snapshot-id'],
  );
  expect(
    !parent || parent['sequence-number'] < sequence,
    'sequence-number',
    `${name} is not above its parent`,
  );
}

function expectUnique(values: (string | number | bigint)[], rule: string, expect: Expect): void {
  const seen = new Set<string | number | bigint>();
  for (const value of values) {
    expect(!seen.has(value), rule, `${value} stands twice`);
    seen.add(value);
  }
}

function expectAscending(values: number[], rule: string, expect: Expect): void {
  values.forEach((value, index) =>
    expect(index === 0 || value >= values[index - 1]!, rule, `${value} is out of order`),
  );
}
