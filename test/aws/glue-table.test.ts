import { describe, expect, test } from '@jest/globals';
import { glueColumns, glueTableInput, hiveType } from '../../src/adapters/aws/glue-table.ts';
import type { NestedField, Type } from '../../src/iceberg/index.ts';
import { sampleMetadata } from '../emulator/sample-metadata.ts';

const field = (id: number, name: string, type: Type): NestedField => ({ id, name, required: false, type });

const TYPES: [Type, string][] = [
  ['boolean', 'boolean'],
  ['int', 'int'],
  ['long', 'bigint'],
  ['float', 'float'],
  ['double', 'double'],
  ['date', 'date'],
  ['time', 'string'],
  ['uuid', 'string'],
  ['string', 'string'],
  ['timestamp', 'timestamp'],
  ['timestamptz', 'timestamp'],
  ['binary', 'binary'],
  ['fixed[16]', 'binary'],
  ['decimal(38, 3)', 'decimal(38,3)'],
  [{ type: 'list', 'element-id': 2, element: 'long', 'element-required': false }, 'array<bigint>'],
  [
    { type: 'map', 'key-id': 2, key: 'string', 'value-id': 3, value: 'timestamptz', 'value-required': true },
    'map<string,timestamp>',
  ],
  [
    {
      type: 'struct',
      fields: [field(2, 'a', 'int'), field(3, 'b', { type: 'struct', fields: [field(4, 'c', 'uuid')] })],
    },
    'struct<a:int,b:struct<c:string>>',
  ],
];

test.each(TYPES)('%j is %s in Hive', (type, name) => {
  expect(hiveType(type)).toBe(name);
});

describe('columns', () => {
  test('the current schema comes first, then names that only older ones have', () => {
    const schema = (id: number, fields: NestedField[]) => ({
      type: 'struct' as const,
      'schema-id': id,
      fields,
    });
    const columns = glueColumns(
      sampleMetadata({
        'current-schema-id': 1,
        schemas: [
          schema(0, [field(1, 'a', 'int'), field(2, 'dropped', 'date')]),
          schema(1, [field(3, 'new', 'string'), { ...field(1, 'a', 'long'), doc: 'two\nlines' }]),
        ],
      }),
    );
    expect(columns.map((c) => [c.Name, c.Type, c.Parameters?.['iceberg.field.current'], c.Comment])).toEqual([
      ['new', 'string', 'true', undefined],
      ['a', 'bigint', 'true', 'two lines'],
      ['dropped', 'date', 'false', undefined],
    ]);
  });

  test('other locations and the comment come from the properties', () => {
    const metadata = sampleMetadata({
      properties: {
        'write.data.path': 's3://other/data',
        'write.metadata.path': 's3://other/data',
        comment: 'c',
      },
    });
    const input = glueTableInput('orders', 's3://lake/m1', metadata, { Name: 'orders', Description: 'old' });
    expect(input.StorageDescriptor?.AdditionalLocations).toEqual(['s3://other/data']);
    expect(input.Description).toBe('c');
  });
});
