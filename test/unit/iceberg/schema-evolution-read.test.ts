import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readParquetSql, writeParquet } from '../../../src/engine/parquet.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { TidemarkError } from '../../../src/errors.ts';
import { checkMetadata, commitMetadata, createTable, currentSchema } from '../../../src/iceberg/index.ts';
import type { FieldDraft, PrimitiveType, Schema, Table } from '../../../src/iceberg/index.ts';
import type { SchemaChange } from '../../../src/iceberg/schema-change.ts';
import { isPrimitive } from '../../../src/iceberg/types.ts';
import { memoryIo } from './memory.ts';

const TYPES: PrimitiveType[] = [
  'int',
  'long',
  'float',
  'double',
  'decimal(9, 2)',
  'decimal(20, 2)',
  'string',
  'boolean',
];
const NAMES = ['a', 'b', 'c', 'd', 'e'];
const point: FieldDraft['type'] = { type: 'struct', fields: [{ name: 'x', required: false, type: 'int' }] };

const name = fc.constantFrom(...NAMES, 's.x', 's.y', 's');
const flat = fc.constantFrom(...NAMES);
const place = fc.oneof(fc.constant('first' as const), fc.record({ after: flat }));
const anyChange: fc.Arbitrary<SchemaChange> = fc.oneof(
  fc.record({
    kind: fc.constant('add' as const),
    column: fc.record({ name: flat, required: fc.constant(false), type: fc.constantFrom(...TYPES) }),
    place,
  }),
  fc.record({
    kind: fc.constant('add' as const),
    column: fc.record({
      name: fc.constantFrom('x', 'y'),
      required: fc.constant(false),
      type: fc.constantFrom(...TYPES),
    }),
    parent: fc.constant('s'),
  }),
  fc.record({ kind: fc.constant('rename' as const), column: flat, to: flat }),
  fc.record({ kind: fc.constant('move' as const), column: flat, place }),
  fc.record({ kind: fc.constant('widen' as const), column: name, type: fc.constantFrom(...TYPES) }),
  fc.record({ kind: fc.constant('makeOptional' as const), column: name }),
  fc.record({ kind: fc.constant('drop' as const), column: fc.constantFrom(...NAMES, 's.x', 's.y') }),
);

const START: FieldDraft[] = [
  { name: 'key', required: true, type: 'int' },
  { name: 'a', required: true, type: 'int' },
  { name: 'b', required: false, type: 'float' },
  { name: 'c', required: false, type: 'decimal(9, 2)' },
  { name: 's', required: false, type: point },
];

const io = memoryIo();
let count = 0;
const fresh = (): Promise<Table> => {
  const table = `t${count++}`;
  return createTable(io, { database: 'lake', table }, { location: `mem://lake/${table}`, schema: START });
};

/** The table after a change; the same table when the change is refused. */
async function tried(table: Table, change: SchemaChange): Promise<Table> {
  try {
    const outcome = await commitMetadata(io, table, { schema: [change] });
    return outcome.kind === 'committed' ? outcome.table : table;
  } catch (error) {
    if (error instanceof TidemarkError && ['invalid', 'notFound', 'refused'].includes(error.kind))
      return table;
    throw error;
  }
}

const idsOf = (schema: Schema): Map<number, string> =>
  new Map(schema.fields.map((f) => [f.id, isPrimitive(f.type) ? f.type : f.type.type]));

/** Inside structs files are read by name: only what happens beside them is for this reading. */
const isTopLevel = (change: SchemaChange): boolean =>
  change.kind === 'add'
    ? change.parent === undefined
    : change.kind !== 'restore' && !change.column.startsWith('s.');

describe('any sequence of schema changes', () => {
  test('keeps ids stable and the metadata sound', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange, { maxLength: 25 }), async (changes) => {
        let table = await fresh();
        const dropped = new Set<number>();
        for (const change of changes) {
          const before = table.metadata;
          table = await tried(table, change);
          const [old, now] = [idsOf(currentSchema(before)), idsOf(currentSchema(table.metadata))];
          for (const id of old.keys()) if (!now.has(id)) dropped.add(id);
          for (const id of now.keys()) {
            expect(dropped.has(id)).toBe(false);
            if (!old.has(id)) expect(id).toBeGreaterThan(before['last-column-id']);
          }
          expect(table.metadata['last-column-id']).toBeGreaterThanOrEqual(before['last-column-id']);
          expect(table.metadata.schemas.slice(0, before.schemas.length)).toEqual(before.schemas);
          if (change.kind === 'rename' || change.kind === 'move')
            expect([...now.keys()].sort()).toEqual([...old.keys()].sort());
        }
        expect(await checkMetadata(table.metadata)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('files of an old schema, read under the new one', () => {
  let engine: Engine;
  let session: Session;
  let folder: string;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 2 });
    session = await engine.session();
    folder = await mkdtemp(join(tmpdir(), 'tidemark-evolution-'));
  });
  afterAll(async () => {
    await session.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  test('give the values they were written with, by field id', async () => {
    const columns = START.map((f) => f.name);
    const select = `SELECT i::INTEGER AS key, (i * 7 - 5)::INTEGER AS a, (i / 4)::FLOAT AS b,
      (i * 1.25)::DECIMAL(9, 2) AS c, {x: (i - 2)::INTEGER} AS s FROM range(4) t(i)`;
    const path = join(folder, 'old.parquet');
    const base = await fresh();
    const schema = currentSchema(base.metadata);
    await writeParquet(session, { select, schema, path });
    const written = await session.rows(select);
    await fc.assert(
      fc.asyncProperty(fc.array(anyChange.filter(isTopLevel), { maxLength: 12 }), async (changes) => {
        let table = await fresh();
        for (const change of changes) table = await tried(table, change);
        const now = currentSchema(table.metadata);
        const rows = await session.rows(`${readParquetSql({ files: [path], schema: now })} ORDER BY key`);
        for (const field of now.fields) {
          const old = schema.fields.findIndex((f) => f.id === field.id);
          const values = rows.map((row) => row[field.name]);
          if (old < 0) expect(values).toEqual([null, null, null, null]);
          else expect(values.map(plain)).toEqual(written.map((row) => plain(row[columns[old]!])));
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** A value whatever its width: 64-bit integers come as text. */
const plain = (value: unknown): unknown =>
  typeof value === 'number' ? String(value) : typeof value === 'object' ? JSON.stringify(value) : value;
