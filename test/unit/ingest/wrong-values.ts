import fc from 'fast-check';
import type { ColumnType, PlanColumn } from '../../../src/definition/column.ts';
import { objectOf, valueOf } from './values.ts';

/** JSON that no value of the type is, somewhere inside if the type is nested: one place is wrong, all else is right. */
export function wrongValueOf(type: ColumnType): fc.Arbitrary<string> {
  return fc.oneof(wrongShape(type), wrongInside(type) ?? wrongShape(type));
}

/** An object with exactly one column wrong. */
export function wrongObjectOf(columns: readonly PlanColumn[]): fc.Arbitrary<string> {
  return fc.tuple(objectOf(columns), fc.nat({ max: columns.length - 1 })).chain(([object, index]) => {
    const column = columns[index]!;
    const wrong = column.required
      ? fc.oneof(wrongValueOf(column.type), fc.constant('null'))
      : wrongValueOf(column.type);
    // Of a duplicated key the last value counts.
    const before = object.json.slice(0, -1);
    return wrong.map(
      (json) => `${before}${before === '{' ? '' : ','}${JSON.stringify(column.name)}:${json}}`,
    );
  });
}

const ANY_SHAPE = [
  'true',
  '7',
  '"x"',
  '[]',
  '{}',
  '-0.5',
  '"2020-01-01T00:00:00"',
  '"2020-02-30"',
  '"="',
  '1e999',
];
const ACCEPTED: Record<ColumnType['kind'], string[]> = {
  boolean: ['true'],
  int: ['7'],
  long: ['7'],
  float: ['7', '-0.5'],
  double: ['7', '-0.5'],
  decimal: ['7', '-0.5'],
  date: [],
  timestamp: [],
  string: ['"x"', '"2020-01-01T00:00:00"', '"2020-02-30"', '"="'],
  binary: [],
  list: ['[]'],
  map: ['{}'],
  struct: ['{}'],
};

function wrongShape(type: ColumnType): fc.Arbitrary<string> {
  return fc.constantFrom(...ANY_SHAPE.filter((json) => !ACCEPTED[type.kind].includes(json)), ...beyond(type));
}

// One step outside what the type holds, where a careless reader rounds, wraps or cuts.
function beyond(type: ColumnType): string[] {
  switch (type.kind) {
    case 'int':
      return ['2147483648', '-2147483649', '1.5', '1.00000000000000000001', '"7"'];
    case 'long':
      return ['9223372036854775808', '-9223372036854775809', '9007199254740993.5', '"9223372036854775808"'];
    case 'float':
      return ['3.5e38', '"1.5"', '"inf"'];
    case 'double':
      return ['1.8e308', '"1.5"', '"nan"'];
    case 'decimal': {
      const whole = type.precision - type.scale;
      return [
        `1${'0'.repeat(whole)}`,
        `"1${'0'.repeat(whole)}"`,
        `0.${'0'.repeat(type.scale)}1`,
        `1e${whole}`,
        `1e-${type.scale + 1}`,
      ];
    }
    case 'date':
      return ['"2021-02-29"', '"2020-1-1"', '"2020-01-01Z"', '18262'];
    case 'timestamp':
      return ['"2020-01-01T00:00:00.0001Z"', '"2020-01-01T25:00:00Z"', '"2020-01-01"', '1577836800000'];
    case 'string':
      return ['"\\udc00"'];
    case 'binary':
      return ['"AA"', '"AAE"', '"A A="', '"AAF="'];
    default:
      return [];
  }
}

function wrongInside(type: ColumnType): fc.Arbitrary<string> | undefined {
  switch (type.kind) {
    case 'list':
      return fc
        .tuple(valueOf(type), wrongItem(type.element, type.elementRequired))
        .map(([list, wrong]) => `${list.json.slice(0, -1)}${list.json === '[]' ? '' : ','}${wrong}]`);
    case 'map':
      return fc
        .tuple(valueOf(type), wrongItem(type.value, type.valueRequired))
        .map(([map, wrong]) => `${map.json.slice(0, -1)}${map.json === '{}' ? '' : ','}"last":${wrong}}`);
    case 'struct':
      return wrongObjectOf(type.fields);
    default:
      return undefined;
  }
}

function wrongItem(type: ColumnType, required: boolean): fc.Arbitrary<string> {
  return required ? fc.oneof(wrongValueOf(type), fc.constant('null')) : wrongValueOf(type);
}
