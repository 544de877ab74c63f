import { describe, expect, test } from '@jest/globals';
import { column } from '../../../src/definition/column.ts';
import type { Column } from '../../../src/definition/column.ts';
import {
  columnsFromSchema,
  duckdbType,
  duckdbTypeOf,
  icebergFields,
} from '../../../src/engine/iceberg-schema.ts';
import { assignIds } from '../../../src/iceberg/schema.ts';
import type { TypeDraft } from '../../../src/iceberg/schema.ts';
import type { PrimitiveType } from '../../../src/iceberg/types.ts';

describe('a column in Iceberg and in the engine', () => {
  test.each<[Column, TypeDraft, string]>([
    [column.boolean(), 'boolean', 'BOOLEAN'],
    [column.int(), 'int', 'INTEGER'],
    [column.long(), 'long', 'BIGINT'],
    [column.float(), 'float', 'FLOAT'],
    [column.double(), 'double', 'DOUBLE'],
    [column.decimal(38, 9), 'decimal(38, 9)', 'DECIMAL(38,9)'],
    [column.date(), 'date', 'DATE'],
    [column.timestamp(), 'timestamp', 'TIMESTAMP'],
    [column.string(), 'string', 'VARCHAR'],
    [column.binary(), 'binary', 'BLOB'],
    [
      column.list(column.int({ optional: true })),
      { type: 'list', element: 'int', 'element-required': false },
      'INTEGER[]',
    ],
    [
      column.map(column.list(column.date())),
      {
        type: 'map',
        key: 'string',
        value: { type: 'list', element: 'date', 'element-required': true },
        'value-required': true,
      },
      'MAP(VARCHAR, DATE[])',
    ],
    [
      column.struct({ 'a "b"': column.int({ doc: 'd' }), c: column.string({ optional: true }) }),
      {
        type: 'struct',
        fields: [
          { name: 'a "b"', required: true, type: 'int', doc: 'd' },
          { name: 'c', required: false, type: 'string' },
        ],
      },
      'STRUCT("a ""b""" INTEGER, "c" VARCHAR)',
    ],
  ])('%j', (c, iceberg, duckdb) => {
    const plan = { name: 'v', ...c };
    expect(icebergFields([plan])).toEqual([{ name: 'v', required: true, type: iceberg }]);
    expect(duckdbType(c.type)).toBe(duckdb);
    const { fields } = assignIds(icebergFields([plan]));
    expect(duckdbTypeOf(fields[0]!.type)).toBe(duckdb);
    expect(columnsFromSchema({ type: 'struct', fields })).toEqual([plan]);
  });
});

test.each<[PrimitiveType, string]>([
  ['time', 'TIME'],
  ['timestamptz', 'TIMESTAMP WITH TIME ZONE'],
  ['uuid', 'UUID'],
  ['fixed[4]', 'BLOB'],
])('a foreign column of type %s can be read, and is no column of a definition', (type, duckdb) => {
  expect(duckdbTypeOf(type)).toBe(duckdb);
  const field = { id: 1, name: 'odd', required: false, type };
  expect(() => columnsFromSchema({ type: 'struct', fields: [field] })).toThrow(/odd/);
});
