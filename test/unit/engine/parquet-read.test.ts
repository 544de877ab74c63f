import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../../src/engine/session.ts';
import type { Session } from '../../../src/engine/session.ts';
import { icebergFields } from '../../../src/engine/iceberg-schema.ts';
import {
  readParquetSql,
  readWithDeletesSql,
  writeParquet,
  writePositionDeletes,
} from '../../../src/engine/parquet.ts';
import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import { assignIds } from '../../../src/iceberg/schema.ts';
import type { StructType } from '../../../src/iceberg/types.ts';

let engine: Engine;
let session: Session;
let folder: string;

beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
  session = await engine.session();
  folder = await mkdtemp(join(tmpdir(), 'parquet-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

function schemaOf(columns: Record<string, Column>): StructType {
  const named = Object.entries(columns).map(([name, c]) => ({ name, ...c }));
  return { type: 'struct', fields: assignIds(icebergFields(named)).fields };
}

const path = (name: string) => join(folder, name);

describe('reading by field id', () => {
  const old = schemaOf({ a: column.int(), filename: column.string(), s: column.struct({ x: column.int() }) });

  beforeAll(async () => {
    await writeParquet(session, {
      select: `SELECT i::INT AS a, 'n' || i AS filename, {x: i::INT} AS s FROM range(3) t(i)`,
      schema: old,
      path: path('old.parquet'),
    });
  });

  test('a renamed, a widened, an added and a nested added column are read from an old file', async () => {
    const schema: StructType = {
      type: 'struct',
      fields: [
        { ...old.fields[0]!, name: 'b', type: 'long' },
        {
          ...old.fields[2]!,
          type: {
            type: 'struct',
            fields: [
              { id: 4, name: 'x', required: false, type: 'long' },
              { id: 9, name: 'y', required: false, type: 'string' },
            ],
          },
        },
        { id: 8, name: 'added', required: false, type: 'decimal(9, 2)' },
      ],
    };
    const rows = await session.rows(readParquetSql({ files: [path('old.parquet')], schema }));
    expect(rows[1]).toEqual({ b: '1', s: { x: '1', y: null }, added: null });
  });

  test('a column that is called filename does not collide with the file of a row', async () => {
    const rows = await session.rows(
      readParquetSql({ files: [path('old.parquet')], schema: old, columns: ['filename'], positions: true }),
    );
    expect(rows[2]).toEqual({ filename: 'n2', _file: path('old.parquet'), _pos: '2' });
  });

  test('a folder named like a partition adds no column and changes no value', async () => {
    await session.run(`COPY (SELECT 1) TO '${path('warm')}.parquet' (FORMAT parquet)`);
    const partitioned = join(folder, 'a=7');
    await (await import('node:fs/promises')).mkdir(partitioned);
    await writeParquet(session, {
      select: `SELECT 1 AS a, 'x' AS filename, {x: 1} AS s`,
      schema: old,
      path: join(partitioned, 'f.parquet'),
    });
    const rows = await session.rows(readParquetSql({ files: [join(partitioned, 'f.parquet')], schema: old }));
    expect(rows).toEqual([{ a: 1, filename: 'x', s: { x: 1 } }]);
  });

  test('no files give no rows, with the columns in place', async () => {
    const sql = readParquetSql({ files: [], schema: old, positions: true });
    expect(await session.rows(sql)).toEqual([]);
    expect((await session.columns(sql)).map((c) => c.name)).toEqual(['a', 'filename', 's', '_file', '_pos']);
  });

  test('an unknown column is named, with those there are', () => {
    expect(() => readParquetSql({ files: ['f'], schema: old, columns: ['nope'] })).toThrow(/No column nope/);
  });
});

describe('reading with position deletes', () => {
  const schema = schemaOf({ i: column.int() });
  const uri = (name: string) => `s3://bucket/data/${name}`;

  beforeAll(async () => {
    for (const name of ['a', 'b', 'c']) {
      await writeParquet(session, {
        select: `SELECT i::INT AS i FROM range(5000) t(i)`,
        schema,
        path: path(`${name}.parquet`),
        rowGroupSize: 2048,
      });
    }
  });

  test('rows are removed by the URI in the table, from the right file, also in later row groups', async () => {
    const first = await writePositionDeletes(session, {
      select: `SELECT * FROM (VALUES ('${uri('a')}', 4999), ('${uri('a')}', 0), ('${uri('a')}', 0), ('${uri('gone')}', 1)) t(file_path, pos)`,
      path: path('d1.parquet'),
    });
    const second = await writePositionDeletes(session, {
      select: `SELECT '${uri('b')}' AS file_path, pos FROM range(1, 5000) t(pos)`,
      path: path('d2.parquet'),
    });
    expect(first.recordCount).toBe(3);
    expect(first.referencedDataFile).toBeUndefined();
    expect(second.referencedDataFile).toBe(uri('b'));
    const sql = readWithDeletesSql(
      [
        { path: path('a.parquet'), uri: uri('a'), deletes: [path('d1.parquet')] },
        { path: path('b.parquet'), uri: uri('b'), deletes: [path('d1.parquet'), path('d2.parquet')] },
        { path: path('c.parquet'), uri: uri('c'), deletes: [] },
      ],
      { schema, positions: true },
    );
    const rows = await session.rows(
      `SELECT _file, count(*)::INT AS n, min(_pos)::INT AS low, max(_pos)::INT AS high FROM (${sql}) GROUP BY ALL ORDER BY ALL`,
    );
    expect(rows).toEqual([
      { _file: uri('a'), n: 4998, low: 1, high: 4998 },
      { _file: uri('b'), n: 1, low: 0, high: 0 },
      { _file: uri('c'), n: 5000, low: 0, high: 4999 },
    ]);
    expect((await session.columns(sql)).map((c) => c.name)).toEqual(['i', '_file', '_pos']);
  });

  test('a file name longer than statistics go has whole bounds', async () => {
    const long = `s3://bucket/${'é'.repeat(200)}/${'x'.repeat(300)}`;
    const written = await writePositionDeletes(session, {
      select: `SELECT '${long}' AS file_path, 5 AS pos`,
      path: path('long.parquet'),
    });
    const bound = Buffer.from(long).toString('base64');
    expect(written.lowerBounds[2147483546]).toBe(bound);
    expect(written.upperBounds[2147483546]).toBe(bound);
    expect(written.referencedDataFile).toBe(long);
  });

  test('no deletes make a file without rows', async () => {
    const written = await writePositionDeletes(session, {
      select: `SELECT 'x' AS file_path, 5 AS pos WHERE false`,
      path: path('none.parquet'),
    });
    expect(written).toMatchObject({ recordCount: 0, lowerBounds: {}, splitOffsets: [] });
  });
});
