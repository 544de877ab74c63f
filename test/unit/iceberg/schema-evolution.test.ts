import { describe, expect, test } from '@jest/globals';
import {
  checkMetadata,
  commitMetadata,
  createTable,
  currentSchema,
  findByName,
} from '../../../src/iceberg/index.ts';
import type { FieldDraft, Schema, Table, TableMetadata } from '../../../src/iceberg/index.ts';
import type { SchemaChange } from '../../../src/iceberg/schema-change.ts';
import { evolveSchema, namesById } from '../../../src/iceberg/schema-evolution.ts';
import { NAME } from './fixtures.ts';
import { memoryIo } from './memory.ts';

const io = memoryIo();
const point: FieldDraft[] = [
  { name: 'x', required: true, type: 'int' },
  { name: 'y', required: false, type: 'float' },
];
const COLUMNS: FieldDraft[] = [
  { name: 'id', required: true, type: 'int', doc: 'who' },
  { name: 'amount', required: false, type: 'decimal(9, 2)' },
  { name: 'at', required: true, type: { type: 'struct', fields: point } },
  { name: 'tags', required: false, type: { type: 'list', element: 'int', 'element-required': true } },
  {
    name: 'path',
    required: false,
    type: { type: 'list', element: { type: 'struct', fields: point }, 'element-required': false },
  },
  {
    name: 'prices',
    required: false,
    type: { type: 'map', key: 'string', value: { type: 'struct', fields: point }, 'value-required': true },
  },
];
/** `id`=1, `amount`=2, `at`=3, `tags`=4, `path`=5, `prices`=6, then what is nested. */
let count = 0;
async function table(properties: Record<string, string> = {}): Promise<Table> {
  const name = { ...NAME, table: `t${count++}` };
  return createTable(io, name, { location: `mem://lake/${name.table}`, schema: COLUMNS, properties });
}

const evolved = async (...changes: SchemaChange[]): Promise<Schema> =>
  currentSchema(evolveSchema((await table()).metadata, changes));
const shown = (schema: Schema): string[] =>
  [...namesById(schema)].map(([id, name]) => {
    const field = findByName(schema, name)!;
    const type = typeof field.type === 'string' ? field.type : field.type.type;
    return `${id} ${name} ${type}${field.required ? '!' : ''}`;
  });

describe('each change, exact to the specification', () => {
  test('the base', async () => {
    expect(shown(currentSchema((await table()).metadata))).toEqual([
      '1 id int!',
      '2 amount decimal(9, 2)',
      '3 at struct!',
      '7 at.x int!',
      '8 at.y float',
      '4 tags list',
      '9 tags.element int!',
      '5 path list',
      '10 path.element struct',
      '11 path.element.x int!',
      '12 path.element.y float',
      '6 prices map',
      '13 prices.key string!',
      '14 prices.value struct!',
      '15 prices.value.x int!',
      '16 prices.value.y float',
    ]);
  });

  const note: FieldDraft = { name: 'note', required: false, type: 'string' };
  test.each<[string, SchemaChange[], string[], string[]]>([
    ['adds at the end', [{ kind: 'add', column: note }], ['17 note string'], []],
    ['adds in a struct', [{ kind: 'add', column: note, parent: 'at' }], ['17 at.note string'], []],
    [
      'adds in the structs of a list',
      [{ kind: 'add', column: note, parent: 'path' }],
      ['17 path.element.note string'],
      [],
    ],
    [
      'adds in a named list element',
      [{ kind: 'add', column: note, parent: 'path.element' }],
      ['17 path.element.note string'],
      [],
    ],
    [
      'adds in the structs of a map',
      [{ kind: 'add', column: note, parent: 'prices' }],
      ['17 prices.value.note string'],
      [],
    ],
    [
      'adds a struct, whose own fields may be required',
      [{ kind: 'add', column: { name: 'spot', required: false, type: { type: 'struct', fields: point } } }],
      ['17 spot struct', '18 spot.x int!', '19 spot.y float'],
      [],
    ],
    [
      'renames and keeps the id',
      [{ kind: 'rename', column: 'id', to: 'who' }],
      ['1 who int!'],
      ['1 id int!'],
    ],
    [
      'renames inside a struct of a list',
      [{ kind: 'rename', column: 'path.element.x', to: 'lon' }],
      ['11 path.element.lon int!'],
      ['11 path.element.x int!'],
    ],
    [
      'changes the case of a name',
      [{ kind: 'rename', column: 'id', to: 'ID' }],
      ['1 ID int!'],
      ['1 id int!'],
    ],
    ['widens int', [{ kind: 'widen', column: 'id', type: 'long' }], ['1 id long!'], ['1 id int!']],
    [
      'widens float in a map value',
      [{ kind: 'widen', column: 'prices.value.y', type: 'double' }],
      ['16 prices.value.y double'],
      ['16 prices.value.y float'],
    ],
    [
      'widens a list element',
      [{ kind: 'widen', column: 'tags.element', type: 'long' }],
      ['9 tags.element long!'],
      ['9 tags.element int!'],
    ],
    [
      'gives a decimal more digits',
      [{ kind: 'widen', column: 'amount', type: 'decimal(18, 2)' }],
      ['2 amount decimal(18, 2)'],
      ['2 amount decimal(9, 2)'],
    ],
    ['makes optional', [{ kind: 'makeOptional', column: 'id' }], ['1 id int'], ['1 id int!']],
    [
      'makes a list element optional',
      [{ kind: 'makeOptional', column: 'tags.element' }],
      ['9 tags.element int'],
      ['9 tags.element int!'],
    ],
    [
      'makes a map value optional',
      [{ kind: 'makeOptional', column: 'prices.value' }],
      ['14 prices.value struct'],
      ['14 prices.value struct!'],
    ],
    [
      'drops with all inside',
      [{ kind: 'drop', column: 'at' }],
      [],
      ['3 at struct!', '7 at.x int!', '8 at.y float'],
    ],
    ['drops inside a list', [{ kind: 'drop', column: 'path.element.y' }], [], ['12 path.element.y float']],
    [
      'gives a column dropped and added again another id',
      [
        { kind: 'drop', column: 'amount' },
        { kind: 'add', column: { name: 'amount', required: false, type: 'string' } },
      ],
      ['17 amount string'],
      ['2 amount decimal(9, 2)'],
    ],
  ])('%s', async (_, changes, comes, goes) => {
    const before = shown(currentSchema((await table()).metadata));
    const after = shown(await evolved(...changes));
    expect(after.filter((line) => !before.includes(line))).toEqual(comes);
    expect(before.filter((line) => !after.includes(line))).toEqual(goes);
  });

  test.each<[SchemaChange, string[]]>([
    [{ kind: 'move', column: 'tags', place: 'first' }, ['tags', 'id', 'amount', 'at', 'path', 'prices']],
    [
      { kind: 'move', column: 'id', place: { after: 'at' } },
      ['amount', 'at', 'id', 'tags', 'path', 'prices'],
    ],
    [
      { kind: 'add', column: note, place: { after: 'id' } },
      ['id', 'note', 'amount', 'at', 'tags', 'path', 'prices'],
    ],
  ])('moves: %j', async (change, order) => {
    expect((await evolved(change)).fields.map((f) => f.name)).toEqual(order);
  });

  test('moves inside a struct, and describes', async () => {
    const schema = await evolved(
      { kind: 'move', column: 'at.y', place: 'first' },
      { kind: 'describe', column: 'id', doc: 'the one' },
      { kind: 'describe', column: 'amount' },
    );
    expect(findByName(schema, 'at')).toMatchObject({ type: { fields: [{ name: 'y' }, { name: 'x' }] } });
    expect(schema.fields[0]).toMatchObject({ id: 1, doc: 'the one' });
    expect(schema.fields[1]).not.toHaveProperty('doc');
  });
});

describe('what is refused', () => {
  const add = (column: FieldDraft, parent?: string): SchemaChange => ({
    kind: 'add',
    column,
    ...(parent === undefined ? {} : { parent }),
  });
  const int: FieldDraft = { name: 'n', required: false, type: 'int' };
  test.each<[string, SchemaChange]>([
    ['cannot be added as required', add({ ...int, required: true })],
    ['cannot be added as required', add({ ...int, required: true }, 'at')],
    ['Column ID cannot be added: id is there', add({ ...int, name: 'ID' })],
    ['Column at.X cannot be added: x is there', add({ ...int, name: 'X' }, 'at')],
    ['Nothing can be added to id, which is a int', add(int, 'id')],
    ['There is no column nobody', add(int, 'nobody')],
    ['There is no column nobody', { kind: 'drop', column: 'nobody' }],
    ['There is no column at.z', { kind: 'rename', column: 'at.z', to: 'w' }],
    ['cannot be named AMOUNT: amount is there', { kind: 'rename', column: 'id', to: 'AMOUNT' }],
    ['cannot be renamed to nothing', { kind: 'rename', column: 'id', to: '' }],
    ['element of a list cannot be renamed', { kind: 'rename', column: 'tags.element', to: 'item' }],
    ['cannot be dropped', { kind: 'drop', column: 'tags.element' }],
    ['key and value of a map cannot be renamed, moved or dropped', { kind: 'drop', column: 'prices.value' }],
    ['Column id is int and cannot become string', { kind: 'widen', column: 'id', type: 'string' }],
    ['Column id is int and cannot become float', { kind: 'widen', column: 'id', type: 'float' }],
    [
      'Column amount is decimal(9, 2) and cannot become decimal(18, 3)',
      { kind: 'widen', column: 'amount', type: 'decimal(18, 3)' },
    ],
    [
      'Column amount is decimal(9, 2) and cannot become decimal(8, 2)',
      { kind: 'widen', column: 'amount', type: 'decimal(8, 2)' },
    ],
    ['Column at is struct and cannot become long', { kind: 'widen', column: 'at', type: 'long' }],
    ['cannot stand after x, which is not beside it', { kind: 'move', column: 'id', place: { after: 'x' } }],
    ['cannot stand after id, which is not beside it', { kind: 'move', column: 'id', place: { after: 'id' } }],
    [
      'No earlier schema had the column ghost',
      { kind: 'restore', field: { id: 99, name: 'ghost', required: false, type: 'int' } },
    ],
    [
      'Column again is not gone',
      { kind: 'restore', field: { id: 1, name: 'again', required: false, type: 'int' } },
    ],
  ])('%s', async (words, change) => {
    const { metadata } = await table();
    expect(() => evolveSchema(metadata, [change])).toThrow(words);
  });

  test('any change inside the key of a map', async () => {
    const { metadata } = await table();
    const draft: FieldDraft = {
      name: 'm',
      required: false,
      type: { type: 'map', key: { type: 'struct', fields: point }, value: 'int', 'value-required': false },
    };
    const changes: SchemaChange[] = [
      { kind: 'add', column: { name: 'z', required: false, type: 'int' }, parent: 'm.key' },
      { kind: 'widen', column: 'm.key.x', type: 'long' },
      { kind: 'drop', column: 'm.key.y' },
      { kind: 'rename', column: 'm.key.y', to: 'z' },
      { kind: 'makeOptional', column: 'm.key' },
    ];
    for (const change of changes)
      expect(() => evolveSchema(metadata, [{ kind: 'add', column: draft }, change])).toThrow(
        'The key of a map cannot change',
      );
  });

  test('the last field of a struct is not dropped alone', async () => {
    const { metadata } = await table();
    expect(() =>
      evolveSchema(metadata, [
        { kind: 'drop', column: 'at.x' },
        { kind: 'drop', column: 'at.y' },
      ]),
    ).toThrow('the last of its level');
  });

  const withIdentifier = (metadata: TableMetadata, id: number): TableMetadata => ({
    ...metadata,
    schemas: metadata.schemas.map((s) => ({ ...s, 'identifier-field-ids': [id] })),
  });
  test.each<[SchemaChange, number, string]>([
    [{ kind: 'drop', column: 'id' }, 1, 'would be gone'],
    [{ kind: 'makeOptional', column: 'id' }, 1, 'The identifier column id would be optional'],
    [{ kind: 'drop', column: 'at' }, 7, 'would be gone'],
    [{ kind: 'makeOptional', column: 'at' }, 7, 'The identifier column at.x would be optional'],
  ])('identifier fields stay: %j', async (change, id, words) => {
    const metadata = withIdentifier((await table()).metadata, id);
    expect(() => evolveSchema(metadata, [change])).toThrow(words);
    expect(() => evolveSchema(metadata, [{ kind: 'rename', column: 'id', to: 'who' }])).not.toThrow();
  });

  test('columns that partitions or the sort order need stay, those of earlier specs too', async () => {
    const { metadata } = await table();
    const field = (id: number, transform: string) => ({
      'source-id': id,
      'field-id': 1000,
      name: 'p',
      transform,
    });
    const partitioned = (transform: string): TableMetadata => ({
      ...metadata,
      'partition-specs': [
        { 'spec-id': 0, fields: [field(2, transform)] },
        { 'spec-id': 1, fields: [field(7, 'identity')] },
      ],
      'default-spec-id': 1,
      'default-sort-order-id': 1,
      'sort-orders': [
        { 'order-id': 1, fields: [{ 'source-id': 1, transform: 'identity', direction: 'asc' }] },
      ],
    });
    const drop = (transform: string, column: string) => () =>
      evolveSchema(partitioned(transform), [{ kind: 'drop', column }]);
    expect(drop('identity', 'amount')).toThrow('the partitions of earlier files (p) need it');
    expect(drop('identity', 'at')).toThrow('the partitions (p) need it');
    expect(drop('identity', 'id')).toThrow('the sort order need it');
    expect(drop('void', 'amount')).not.toThrow();
    expect(drop('identity', 'tags')).not.toThrow();
  });
});

describe('in the metadata', () => {
  test('old schemas stay, an equal schema takes the id it had, last-column-id never goes down', async () => {
    const base = await table();
    const commit = async (at: Table, ...schema: SchemaChange[]): Promise<Table> => {
      const outcome = await commitMetadata(io, at, { schema });
      if (outcome.kind !== 'committed') throw new Error(outcome.kind);
      return outcome.table;
    };
    const added = await commit(base, {
      kind: 'add',
      column: { name: 'note', required: false, type: 'string' },
    });
    expect(added.metadata).toMatchObject({ 'current-schema-id': 1, 'last-column-id': 17 });
    const dropped = await commit(added, { kind: 'drop', column: 'note' });
    expect(dropped.metadata).toMatchObject({ 'current-schema-id': 0, 'last-column-id': 17 });
    expect(dropped.metadata.schemas).toHaveLength(2);
    const again = await commit(dropped, {
      kind: 'add',
      column: { name: 'note', required: false, type: 'string' },
    });
    expect(findByName(currentSchema(again.metadata), 'note')).toMatchObject({ id: 18 });
    const restored = await commit(
      again,
      { kind: 'drop', column: 'note' },
      { kind: 'restore', field: findByName(currentSchema(added.metadata), 'note')! },
    );
    expect(restored.metadata).toMatchObject({ 'current-schema-id': 1, 'last-column-id': 18 });
    expect(await checkMetadata(restored.metadata)).toEqual([]);
  });

  test('settings of a column follow its name and go with it', async () => {
    const metrics = 'write.metadata.metrics.column.';
    const { metadata } = await table({
      [`${metrics}id`]: 'full',
      [`${metrics}at.x`]: 'none',
      [`${metrics}amount`]: 'counts',
      other: '1',
    });
    const after = evolveSchema(metadata, [
      { kind: 'rename', column: 'id', to: 'who' },
      { kind: 'rename', column: 'at', to: 'spot' },
      { kind: 'drop', column: 'amount' },
    ]);
    expect(after.properties).toEqual({ [`${metrics}who`]: 'full', [`${metrics}spot.x`]: 'none', other: '1' });
  });

  test('a refused change commits nothing', async () => {
    const base = await table();
    const failed = commitMetadata(io, base, {
      schema: [{ kind: 'drop', column: 'nobody' }],
      setProperties: { a: '1' },
    });
    await expect(failed).rejects.toMatchObject({ kind: 'notFound' });
    expect((await io.catalog.load(base.name))?.metadataLocation).toBe(base.entry.metadataLocation);
  });
});
