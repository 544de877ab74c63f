import fc from 'fast-check';
import type { ColumnType, PlanColumn } from '../../../src/definition/column.ts';
import type { Json } from '../../../src/ports/effects.ts';

/** A value as a producer writes it, and as a query gives it back at the end of its way. */
export interface Sample {
  json: string;
  expected: Json;
}

const sample = (json: string, expected: Json): Sample => ({ json, expected });
const LONG_MAX = 2n ** 63n - 1n;

const SCALARS = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'timestamp',
  'string',
  'binary',
] as const;

const scalarType: fc.Arbitrary<ColumnType> = fc.oneof(
  fc.constantFrom(...SCALARS).map((kind) => ({ kind })),
  fc
    .integer({ min: 1, max: 38 })
    .chain((precision) =>
      fc.integer({ min: 0, max: precision }).map((scale) => ({ kind: 'decimal' as const, precision, scale })),
    ),
);

const fieldName = fc.constantFrom(
  'a',
  'b',
  'C',
  'with space',
  'quo"te',
  "o'clock",
  'é',
  'select',
  'toString',
  'filename',
);

/** Columns of any type, nested up to `depth` levels. */
export function columnsOf(depth: number): fc.Arbitrary<PlanColumn[]> {
  return fc.uniqueArray(fc.record({ name: fieldName, type: typeOf(depth), required: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
    selector: (c) => c.name.toLowerCase(),
  });
}

function typeOf(depth: number): fc.Arbitrary<ColumnType> {
  if (depth === 0) return scalarType;
  const inner = typeOf(depth - 1);
  return fc.oneof(
    { weight: 4, arbitrary: scalarType },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('list' as const),
        element: inner,
        elementRequired: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('map' as const),
        key: fc.constant<ColumnType>({ kind: 'string' }),
        value: inner,
        valueRequired: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('struct' as const), fields: columnsOf(depth - 1) }),
    },
  );
}

/** An object with a value for each column: null or left out only where the column is optional. */
export function objectOf(columns: readonly PlanColumn[]): fc.Arbitrary<Sample> {
  return fc.tuple(...columns.map((c) => optional(valueOf(c.type), c.required))).chain((values) =>
    fc
      .shuffledSubarray(
        columns.map((_, i) => i),
        { minLength: columns.length },
      )
      .map((order) => {
        const fields = order.flatMap((i) => {
          const value = values[i];
          return value === undefined ? [] : [`${JSON.stringify(columns[i]!.name)}:${value.json}`];
        });
        const expected = Object.fromEntries(columns.map((c, i) => [c.name, values[i]?.expected ?? null]));
        return sample(`{${fields.join(',')}}`, expected);
      }),
  );
}

function optional(value: fc.Arbitrary<Sample>, required: boolean): fc.Arbitrary<Sample | undefined> {
  if (required) return value;
  return fc.oneof({ weight: 3, arbitrary: value }, fc.constant(sample('null', null)), fc.constant(undefined));
}

function nullable(value: fc.Arbitrary<Sample>, required: boolean): fc.Arbitrary<Sample> {
  return required ? value : fc.oneof({ weight: 3, arbitrary: value }, fc.constant(sample('null', null)));
}

/** A value of the type. */
export function valueOf(type: ColumnType): fc.Arbitrary<Sample> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean().map((b) => sample(String(b), b));
    case 'int':
      return fc
        .integer()
        .chain((n) => fc.constantFrom(String(n), `${n}.0`, `${n}e0`).map((text) => sample(text, n)));
    case 'long':
      return fc
        .bigInt({ min: -LONG_MAX - 1n, max: LONG_MAX })
        .chain((n) =>
          fc.constantFrom(String(n), `"${n}"`, `${n}.000`).map((text) => sample(text, String(n))),
        );
    case 'float':
      return fc.float().map(floating);
    case 'double':
      return fc.double().map(floating);
    case 'decimal':
      return decimalOf(type.precision, type.scale);
    case 'date':
      return moment.map((millis) => {
        const text = new Date(millis).toISOString().slice(0, 10);
        return sample(`"${text}"`, text);
      });
    case 'timestamp':
      return fc
        .tuple(moment, fc.integer({ min: -1439, max: 1439 }))
        .map(([millis, zone]) => timestamp(millis, zone));
    case 'string':
      return text.map((s) => sample(JSON.stringify(s), s));
    case 'binary':
      return fc
        .uint8Array({ maxLength: 40 })
        .map((b) => sample(`"${Buffer.from(b).toString('base64')}"`, blobText(b)));
    case 'list':
      return fc.array(nullable(valueOf(type.element), type.elementRequired), { maxLength: 4 }).map((items) =>
        sample(
          `[${items.map((i) => i.json).join(', ')}]`,
          items.map((i) => i.expected),
        ),
      );
    case 'map':
      return (
        fc
          .uniqueArray(fc.tuple(text, nullable(valueOf(type.value), type.valueRequired)), {
            maxLength: 4,
            selector: ([key]) => key,
          })
          // An object's keys that look like array positions come first, in JavaScript.
          .map((pairs) => pairs.filter(([key]) => !/^\d+$/.test(key)))
          .map((pairs) =>
            sample(
              `{${pairs.map(([key, v]) => `${JSON.stringify(key)}:${v.json}`).join(',')}}`,
              pairs.map(([key, v]) => ({ key, value: v.expected })),
            ),
          )
      );
    case 'struct':
      return objectOf(type.fields);
  }
}

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ maxLength: 20 }));
// A day inside the first and the last year that are allowed, so that no zone leads out of them.
const moment = fc.integer({ min: -62135510400000, max: 253402214400000 });

function floating(value: number): Sample {
  if (!Number.isFinite(value)) return sample(`"${value}"`, String(value));
  return sample(Object.is(value, -0) ? '-0' : String(value), value);
}

function decimalOf(precision: number, scale: number): fc.Arbitrary<Sample> {
  const limit = 10n ** BigInt(precision) - 1n;
  return fc.bigInt({ min: -limit, max: limit }).chain((unscaled) => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
    const point = digits.length - scale;
    const sign = unscaled < 0n ? '-' : '';
    const plain = sign + digits.slice(0, point) + (scale === 0 ? '' : `.${digits.slice(point)}`);
    return fc.constantFrom(plain, `"${plain}"`, `${unscaled}e-${scale}`).map((json) => sample(json, plain));
  });
}

function timestamp(millis: number, zone: number): Sample {
  const local = new Date(millis + zone * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(zone);
  const two = (n: number) => String(n).padStart(2, '0');
  const offset = `${zone < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  const kept = new Date(millis).toISOString().slice(0, -1).replace('T', ' ');
  return sample(`"${local}${zone === 0 ? 'Z' : offset}"`, kept.replace(/\.000$|(?<=\.\d+?)0+$/, ''));
}

// As the engine shows bytes: printable ones as they are, quotes and the rest in hexadecimal.
function blobText(bytes: Uint8Array): string {
  return [...bytes]
    .map((b) =>
      b >= 32 && b < 127 && b !== 34 && b !== 39
        ? String.fromCharCode(b)
        : `\\x${b.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}
