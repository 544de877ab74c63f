import { describe, expect, it } from '@jest/globals';
import { addColumns, assignIds, findById, findByName, leafColumns } from '../../../src/iceberg/index.ts';
import type { FieldDraft, Schema } from '../../../src/iceberg/index.ts';

const DRAFT: FieldDraft[] = [
  { name: 'id', required: true, type: 'long' },
  {
    name: 'place',
    required: false,
    type: {
      type: 'struct',
      fields: [
        { name: 'lat', required: true, type: 'double' },
        { name: 'lon', required: true, type: 'double' },
      ],
    },
  },
  { name: 'tags', required: false, type: { type: 'list', element: 'string', 'element-required': true } },
  {
    name: 'attrs',
    required: false,
    type: {
      type: 'map',
      key: 'string',
      value: { type: 'list', element: 'int', 'element-required': false },
      'value-required': false,
    },
  },
  { name: 'last', required: false, type: 'date' },
];

describe('field ids', () => {
  const { fields, lastColumnId } = assignIds(DRAFT);
  const schema: Schema = { type: 'struct', 'schema-id': 0, fields };

  it('are given level by level, as other writers give them', () => {
    expect(fields.map((field) => field.id)).toEqual([1, 2, 3, 4, 5]);
    expect(leafColumns(schema).map(({ id, name }) => [id, name])).toEqual([
      [1, 'id'],
      [6, 'place.lat'],
      [7, 'place.lon'],
      [8, 'tags.element'],
      [9, 'attrs.key'],
      [11, 'attrs.value.element'],
      [5, 'last'],
    ]);
    expect(lastColumnId).toBe(11);
  });

  it('tell which columns can be null and which have no bounds', () => {
    const leaves = new Map(leafColumns(schema).map((leaf) => [leaf.name, leaf]));
    expect(leaves.get('place.lat')).toMatchObject({ required: false, repeated: false });
    expect(leaves.get('id')).toMatchObject({ required: true });
    expect(leaves.get('attrs.value.element')).toMatchObject({ repeated: true });
  });

  it('find columns at any depth, also where a name has a dot', () => {
    expect(findByName(schema, 'attrs.value.element')?.id).toBe(11);
    expect(findById(schema, 7)?.name).toBe('lon');
    expect(findByName(schema, 'place.nope')).toBeUndefined();
    const dotted = assignIds([{ name: 'a.b', required: false, type: 'int' }]);
    expect(findByName({ type: 'struct', fields: dotted.fields }, 'a.b')?.id).toBe(1);
  });

  it('are never used twice, even when last-column-id is wrong', () => {
    const added = addColumns(schema, [{ name: 'new', required: false, type: 'string' }], 3);
    expect(added.schema.fields.at(-1)).toMatchObject({ id: 12, name: 'new' });
    expect(added.lastColumnId).toBe(12);
  });
});

describe('columns that would break readers', () => {
  const schema: Schema = {
    type: 'struct',
    'schema-id': 0,
    ...assignIds([{ name: 'a', required: true, type: 'int' }]),
  };

  it('a required column cannot be added: old files lack it', () => {
    expect(() => addColumns(schema, [{ name: 'b', required: true, type: 'int' }], 1)).toThrow(
      'cannot be added as required',
    );
  });

  it('names that differ only in case are one name to Athena', () => {
    expect(() => addColumns(schema, [{ name: 'A', required: false, type: 'int' }], 1)).toThrow(
      'Two columns are named A',
    );
    expect(() => assignIds([{ name: '', required: false, type: 'int' }])).toThrow('needs a name');
  });
});
