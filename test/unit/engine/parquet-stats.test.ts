import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import { icebergFields } from '../../../src/engine/iceberg-schema.ts';
import { writeParquet } from '../../../src/engine/parquet.ts';
import type { ParquetWrite } from '../../../src/engine/parquet.ts';
import { Engine } from '../../../src/engine/session.ts';
import type { Session } from '../../../src/engine/session.ts';
import { assignIds } from '../../../src/iceberg/schema.ts';
import type { PrimitiveType, StructType } from '../../../src/iceberg/types.ts';
import { decodeValue } from '../../../src/iceberg/value.ts';
import type { Value } from '../../../src/iceberg/value.ts';
import type { FileStats } from '../../../src/ports/ledger.ts';

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

async function write(
  columns: Record<string, Column>,
  select: string,
  more: Partial<ParquetWrite> = {},
): Promise<FileStats & { path: string }> {
  return writeParquet(session, {
    select,
    schema: schemaOf(columns),
    path: join(folder, 'f.parquet'),
    ...more,
  });
}

const hex = (bound: string | undefined) => bound && Buffer.from(bound, 'base64').toString('hex');
const utf8 = (bound: string | undefined) => bound && Buffer.from(bound, 'base64').toString();
const values = (...list: string[]) => `SELECT unnest([${list.join(', ')}]) AS v`;

describe('bounds in Iceberg binary form', () => {
  // Expected bytes written out by hand from the specification's appendix D.
  test.each<[string, Column, string[], string | undefined, string | undefined]>([
    ['boolean', column.boolean(), ['true', 'false'], '00', '01'],
    ['int', column.int(), ['-2', '258'], 'feffffff', '02010000'],
    ['long', column.long(), ['-9223372036854775808', '1::BIGINT'], '0000000000000080', '0100000000000000'],
    ['float', column.float(), ['0.1', '-1.5'], '0000c0bf', 'cdcccc3d'],
    ['double', column.double(), [`'inf'::DOUBLE`, '1e-7'], '48afbc9af2d77a3e', '000000000000f07f'],
    ['date', column.date(), [`DATE '1969-12-31'`, `DATE '1970-01-02'`], 'ffffffff', '01000000'],
    [
      'timestamp in microseconds, also before 1970',
      column.timestamp(),
      [`TIMESTAMP '1969-12-31 23:59:59.999'`, `TIMESTAMP '1970-01-01 00:00:01'`],
      '18fcffffffffffff',
      '40420f0000000000',
    ],
    ['decimal, shortest form', column.decimal(9, 2), ['-0.01', '1.28'], 'ff', '0080'],
    ['decimal below one', column.decimal(38, 38), [`'0.${'0'.repeat(37)}1'::DECIMAL(38,38)`], '01', '01'],
    ['text', column.string(), [`'b'`, `'a"'`, 'NULL'], '6122', '62'],
    ['text with a NUL', column.string(), [`'a' || chr(0)`], '6100', '6100'],
    ['bytes', column.binary(), [`'\\xFF\\x00'::BLOB`, `'a'::BLOB`], '61', 'ff00'],
    [
      'zeros, whose signs the engine mixes up',
      column.double(),
      ['0.0::DOUBLE'],
      '0000000000000080',
      '0000000000000000',
    ],
    ['nothing but nulls', column.int(), ['NULL'], undefined, undefined],
    ['nothing but NaN', column.double(), [`'nan'::DOUBLE`], undefined, undefined],
    [
      'numbers beside NaN',
      column.double(),
      [`'nan'::DOUBLE`, '1.0', '2.0'],
      '000000000000f03f',
      '0000000000000040',
    ],
  ])('%s', async (_, type, rows, lower, upper) => {
    const stats = await write({ v: { ...type, required: false } }, values(...rows));
    expect([hex(stats.lowerBounds[1]), hex(stats.upperBounds[1])]).toEqual([lower, upper]);
  });

  test.each<[string, string, string | undefined, string | undefined]>([
    ['cut to 16 characters, rounded outwards', `'${'a'.repeat(20)}'`, 'a'.repeat(16), `${'a'.repeat(15)}b`],
    ['16 characters are whole', `'${'é'.repeat(16)}'`, 'é'.repeat(16), 'é'.repeat(16)],
    ['characters, not UTF-16 units', `repeat('😀', 20)`, '😀'.repeat(16), `${'😀'.repeat(15)}😁`],
    ['nothing above the highest characters', `repeat(chr(1114111), 20)`, '\u{10ffff}'.repeat(16), undefined],
    [
      'the highest before others',
      `chr(1114111) || 'aaaaaaaaaaaaaaaaaaaa'`,
      `\u{10ffff}${'a'.repeat(15)}`,
      `\u{10ffff}${'a'.repeat(14)}b`,
    ],
    [
      'the character before the surrogates',
      `repeat(chr(55295), 20)`,
      '\ud7ff'.repeat(16),
      `${'\ud7ff'.repeat(15)}\ue000`,
    ],
  ])('long text: %s', async (_, text, lower, upper) => {
    const stats = await write({ v: column.string() }, values(text));
    expect([utf8(stats.lowerBounds[1]), utf8(stats.upperBounds[1])]).toEqual([lower, upper]);
  });

  test('text beyond the engine’s own limit keeps bounds that hold', async () => {
    const stats = await write({ v: column.string() }, values(`repeat('x', 400)`, `repeat('a', 400)`));
    expect(utf8(stats.lowerBounds[1])).toBe('a'.repeat(16));
    expect(utf8(stats.upperBounds[1])).toBe(`${'x'.repeat(15)}y`);
  });

  test('a row group without statistics takes the bounds of the file with it', async () => {
    const select = `SELECT CASE WHEN i < 2048 THEN 'b' ELSE repeat(chr(1114111), 300) END AS v FROM range(4096) t(i)`;
    const stats = await write({ v: column.string() }, select, { rowGroupSize: 2048 });
    expect([stats.lowerBounds, stats.upperBounds]).toEqual([{}, {}]);
  });

  test('listed columns keep whole bounds, or none where the engine cut them', async () => {
    const seq = '0'.repeat(40) + '1234567890123456';
    const columns = { _seq: column.string(), _ord: column.string(), other: column.string() };
    const stats = await write(
      columns,
      `SELECT '${seq}' AS _seq, repeat('x', 300) AS _ord, '${seq}' AS other`,
    );
    expect([utf8(stats.lowerBounds[1]), utf8(stats.upperBounds[1])]).toEqual([seq, seq]);
    expect([stats.lowerBounds[2], stats.upperBounds[2]]).toEqual([undefined, undefined]);
    expect(utf8(stats.lowerBounds[3])).toBe('0'.repeat(16));
  });
});

test('no written bound excludes a value of the file, whatever the values are', async () => {
  const columns: Record<string, Column> = {
    i: column.int(),
    l: column.long(),
    d: column.double(),
    m: column.decimal(20, 5),
    t: column.timestamp(),
    s: column.string(),
  };
  const select = `SELECT ((hash(i, 1) % 4294967296)::BIGINT - 2147483648)::INT AS i, (hash(i, 2)::HUGEINT - 9223372036854775808)::BIGINT AS l,
    (hash(i, 3)::DOUBLE - 9e18) / 1e5 AS d, ((hash(i, 4)::HUGEINT - 9223372036854775808) / 100000)::DECIMAL(20, 5) AS m,
    epoch_ms((hash(i, 5) % 300000000000000)::BIGINT - 60000000000000) AS t,
    repeat(chr((hash(i, 6) % 50000)::INT + 1), (hash(i, 7) % 40)::INT) AS s FROM range(9000) t(i)`;
  const stats = await write(columns, select, { rowGroupSize: 2048 });
  const schema = schemaOf(columns);
  const sqlOf = (type: PrimitiveType, v: Value): string => {
    if (type === 'timestamp') return `make_timestamp(${String(v)})`;
    if (type === 'string') return `from_hex('${Buffer.from(String(v)).toString('hex')}')::BLOB`;
    if (type.startsWith('decimal')) return `(${String(v)}::DECIMAL(38, 0) * 0.00001)`;
    return String(v);
  };
  for (const field of schema.fields) {
    const type = field.type as PrimitiveType;
    const lower = decodeValue(type, Buffer.from(stats.lowerBounds[field.id]!, 'base64'));
    const upper = decodeValue(type, Buffer.from(stats.upperBounds[field.id]!, 'base64'));
    const value = type === 'string' ? `encode(${field.name})` : field.name;
    const [row] = await session.rows(
      `SELECT count(*)::INT AS outside FROM read_parquet('${stats.path}') WHERE NOT (${value} BETWEEN ${sqlOf(type, lower)} AND ${sqlOf(type, upper)})`,
    );
    expect([field.name, row!['outside']]).toEqual([field.name, 0]);
  }
});

describe('counts and places', () => {
  test('nulls and NaN are counted, and belong to the values', async () => {
    const stats = await write(
      { v: column.double({ optional: true }) },
      values(`'nan'::DOUBLE`, '1', 'NULL', `'nan'`),
    );
    expect(stats).toMatchObject({
      recordCount: 4,
      valueCounts: { 1: 4 },
      nullCounts: { 1: 1 },
      nanCounts: { 1: 2 },
    });
  });

  // DuckDB reports whether the last row group has NaN; a count of 0 from that would hide rows from `is_nan(v)`.
  test.each([5, 2500, 4999])('a NaN in row %i of several row groups is not denied', async (nan) => {
    const select = `SELECT CASE WHEN i = ${nan} THEN 'nan'::DOUBLE ELSE i END AS v FROM range(5000) t(i)`;
    const stats = await write({ v: column.double() }, select, { rowGroupSize: 2048 });
    expect(stats.splitOffsets).toHaveLength(3);
    expect(stats.nanCounts).toEqual({});
    expect(hex(stats.lowerBounds[1])).toBe('0000000000000080');
  });

  test('columns without NaN say so', async () => {
    const stats = await write({ v: column.double(), w: column.int() }, 'SELECT 1.0 AS v, 1 AS w');
    expect(stats.nanCounts).toEqual({ 1: 0 });
  });

  test('nested columns are counted under their own ids, and only structs have bounds', async () => {
    const columns = {
      s: column.struct({ 'odd "name"': column.double(), t: column.struct({ y: column.string() }) }),
      l: column.list(column.struct({ z: column.int() })),
      m: column.map(column.double()),
    };
    const stats = await write(
      columns,
      `SELECT {"odd ""name""": 'nan'::DOUBLE, t: {y: 'q'}} AS s, [{z: 1}, {z: 2}] AS l, MAP {'k': 'nan'::DOUBLE} AS m`,
    );
    // s 1, l 2, m 3, then their fields in order of depth.
    expect(stats.valueCounts).toEqual({ 4: 1, 6: 1, 8: 2, 9: 1, 10: 1 });
    expect(stats.nanCounts).toEqual({ 4: 1 });
    expect(Object.keys(stats.lowerBounds)).toEqual(['6']);
  });

  test('row groups start where the split offsets say', async () => {
    const stats = await write({ v: column.long() }, 'SELECT i AS v FROM range(10000) t(i)', {
      rowGroupSize: 2048,
    });
    expect(stats.splitOffsets).toHaveLength(5);
    expect(stats.splitOffsets[0]).toBe(4);
    expect([...stats.splitOffsets].sort((a, b) => a - b)).toEqual(stats.splitOffsets);
    expect(stats.splitOffsets.at(-1)).toBeLessThan(stats.fileSizeBytes);
    const sum = Object.values(stats.columnSizes).reduce((a, b) => a + b, 0);
    expect(sum).toBeLessThan(stats.fileSizeBytes);
  });

  test('a file without rows has no bounds and no row groups', async () => {
    const stats = await write({ v: column.long() }, 'SELECT 1 AS v WHERE false');
    expect(stats).toMatchObject({ recordCount: 0, lowerBounds: {}, splitOffsets: [] });
  });
});

describe('what is written', () => {
  test('has the types of the schema, whatever the query computed with', async () => {
    const columns = { a: column.long(), b: column.decimal(12, 2), c: column.string({ optional: true }) };
    await write(columns, `SELECT 1::HUGEINT AS a, NULL AS c, 2 AS b, 'left out' AS d`);
    const described = await session.columns(`SELECT * FROM read_parquet('${join(folder, 'f.parquet')}')`);
    expect(described).toEqual([
      { name: 'a', type: 'BIGINT' },
      { name: 'b', type: 'DECIMAL(12,2)' },
      { name: 'c', type: 'VARCHAR' },
    ]);
  });

  test('a value that the schema’s type cannot hold fails and is not cut', async () => {
    await expect(write({ a: column.int() }, 'SELECT 3000000000 AS a')).rejects.toThrow(/INT32/);
  });

  test('every field at every depth has its id, and only the groups between have none', async () => {
    const columns = {
      s: column.struct({ a: column.int(), b: column.list(column.int()) }),
      m: column.map(column.struct({ c: column.date() })),
    };
    await write(columns, `SELECT {a: 1, b: [1]} AS s, MAP {'k': {c: DATE '2020-01-01'}} AS m`);
    const rows = await session.rows(
      `SELECT name, field_id::INT AS id FROM parquet_schema('${join(folder, 'f.parquet')}') WHERE name <> 'duckdb_schema'`,
    );
    expect(rows.map((r) => [r['name'], r['id']])).toEqual([
      ['s', 1],
      ['a', 3],
      ['b', 4],
      ['list', null],
      ['element', 5],
      ['m', 2],
      ['key_value', null],
      ['key', 6],
      ['value', 7],
      ['c', 8],
    ]);
  });

  test('rows are sorted, and the footer says what it was told', async () => {
    const stats = await write({ v: column.int() }, values('3', '1', '2'), {
      sort: ['v'],
      footer: { 'it"s': "o'k" },
    });
    expect(await session.rows(`SELECT v FROM read_parquet('${stats.path}')`)).toEqual([
      { v: 1 },
      { v: 2 },
      { v: 3 },
    ]);
    const [pair] = await session.rows(
      `SELECT decode(key) AS k, decode(value) AS v FROM parquet_kv_metadata('${stats.path}') WHERE decode(key) = 'it"s'`,
    );
    expect(pair).toEqual({ k: 'it"s', v: "o'k" });
  });
});
