import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { column } from '../../../src/definition/column.ts';
import type { PlanColumn } from '../../../src/definition/column.ts';
import type { PlanStream } from '../../../src/definition/plan.ts';
import { columnsFromSchema, icebergFields } from '../../../src/engine/iceberg-schema.ts';
import { readParquetSql, writeParquet } from '../../../src/engine/parquet.ts';
import { Engine } from '../../../src/engine/session.ts';
import type { Session } from '../../../src/engine/session.ts';
import { assignIds } from '../../../src/iceberg/schema.ts';
import type { StructType } from '../../../src/iceberg/types.ts';
import { compileContract, readLinesSql } from '../../../src/ingest/contract.ts';
import type { Json, Row } from '../../../src/ports/effects.ts';
import { columnsOf, objectOf } from './values.ts';

let engine: Engine;
let session: Session;
let folder: string;

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.session();
  folder = await mkdtemp(join(tmpdir(), 'round-trip-'));
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true });
});

const EVENT_TIME: PlanColumn = { name: 'at', ...column.timestamp() };
const AT = '"at":"2020-01-01T00:00:00Z"';

function streamOf(columns: PlanColumn[]): PlanStream {
  return {
    name: 's',
    columns: [...columns, EVENT_TIME],
    eventTime: 'at',
    extras: 'ignore',
    shards: 1,
    retentionHours: 24,
  };
}

/** Through the contract, the lines, the engine and Parquet, and back. */
async function roundTrip(columns: PlanColumn[], records: string[]): Promise<Row[]> {
  const stream = streamOf(columns);
  const contract = compileContract(stream);
  const lines = records.map((json) => {
    const result = contract.read(Buffer.from(json === '{}' ? `{${AT}}` : `{${AT},${json.slice(1)}`));
    if (result.kind === 'refused') throw new Error(`${result.reason}: ${result.message}`);
    return result.json;
  });
  const path = join(folder, 'lines');
  await writeFile(path, `${lines.join('\n')}\n`);
  const schema: StructType = { type: 'struct', fields: assignIds(icebergFields(stream.columns)).fields };
  expect(columnsFromSchema(schema)).toEqual(
    stream.columns.map(({ name, type, required }) => ({ name, type, required })),
  );
  const file = join(folder, 'rows.parquet');
  await writeParquet(session, { select: readLinesSql(path, contract.columns), schema, path: file });
  const names = columns.map((c) => c.name);
  return session.rows(readParquetSql({ files: [file], schema, columns: names }));
}

test('whatever the columns and values are, what is accepted is what is read back from Parquet', async () => {
  const runs = columnsOf(2).chain((columns) =>
    fc.record({
      columns: fc.constant(columns),
      records: fc.array(objectOf(columns), { minLength: 1, maxLength: 6 }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(runs, async ({ columns, records }) => {
      const rows = await roundTrip(
        columns,
        records.map((r) => r.json),
      );
      expect(rows).toEqual(records.map((r) => r.expected));
    }),
    { numRuns: 150 },
  );
});

const name = (v: Omit<PlanColumn, 'name'>): PlanColumn[] => [{ name: 'v', ...v }];

describe('values at the edges come back unchanged', () => {
  test.each<[string, PlanColumn[], string, Json]>([
    ['the largest long', name(column.long()), '9223372036854775807', '9223372036854775807'],
    ['the smallest long', name(column.long()), '-9223372036854775808', '-9223372036854775808'],
    [
      'a full decimal',
      name(column.decimal(38, 9)),
      '-12345678901234567890123456789.012345678',
      '-12345678901234567890123456789.012345678',
    ],
    ['a decimal below one', name(column.decimal(38, 38)), '1e-38', `0.${'0'.repeat(37)}1`],
    ['NaN', name(column.double()), '"NaN"', 'NaN'],
    ['minus infinity', name(column.float()), '"-Infinity"', '-Infinity'],
    ['minus zero', name(column.double()), '-0.0', -0],
    ['the smallest double', name(column.double()), '5e-324', 5e-324],
    ['the first moment', name(column.timestamp()), '"0001-01-01T00:00:00.000Z"', '0001-01-01 00:00:00'],
    ['the last moment', name(column.timestamp()), '"9999-12-31T23:59:59.999Z"', '9999-12-31 23:59:59.999'],
    [
      'a moment before 1970',
      name(column.timestamp()),
      '"1969-12-31T23:59:59.999Z"',
      '1969-12-31 23:59:59.999',
    ],
    ['a NUL character', name(column.string()), '"a\\u0000b\\u0000"', 'a\u0000b\u0000'],
    ['text that looks like JSON', name(column.string()), '"{\\"a\\":null}"', '{"a":null}'],
    ['text that says null', name(column.string()), '"null"', 'null'],
    ['empty text', name(column.string()), '""', ''],
    [
      'a null inside a struct of bytes',
      name(column.struct({ b: column.binary({ optional: true }) })),
      '{}',
      { b: null },
    ],
    ['a null struct of bytes', name(column.struct({ b: column.binary() }, { optional: true })), 'null', null],
    ['a mebibyte of text', name(column.string()), `"${'é'.repeat(524288)}"`, 'é'.repeat(524288)],
    ['ten mebibytes of text', name(column.string()), `"${'x'.repeat(10485760)}"`, 'x'.repeat(10485760)],
  ])('%s', async (_, columns, json, expected) => {
    expect(await roundTrip(columns, [`{"v":${json}}`])).toEqual([{ v: expected }]);
  });
});
