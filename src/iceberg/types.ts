import { TidemarkError } from '../errors.ts';

/**
 * Iceberg types in exactly the JSON shape of the table specification ("Appendix C: JSON serialization"), so that
 * a schema read from a table's metadata is already one of these and goes back unchanged.
 */
export type PrimitiveType =
  | 'boolean'
  | 'int'
  | 'long'
  | 'float'
  | 'double'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'string'
  | 'uuid'
  | 'binary'
  | `fixed[${number}]`
  | `decimal(${number},${number})`
  | `decimal(${number}, ${number})`;

export interface NestedField {
  id: number;
  name: string;
  required: boolean;
  type: Type;
  doc?: string;
}

export interface StructType {
  type: 'struct';
  fields: NestedField[];
}

export interface ListType {
  type: 'list';
  'element-id': number;
  element: Type;
  'element-required': boolean;
}

export interface MapType {
  type: 'map';
  'key-id': number;
  key: Type;
  'value-id': number;
  value: Type;
  'value-required': boolean;
}

export type Type = PrimitiveType | StructType | ListType | MapType;

/** A primitive taken apart, so that code can switch on its kind. */
export type PrimitiveKind =
  | { kind: Exclude<PrimitiveType, `fixed${string}` | `decimal${string}`> }
  | { kind: 'fixed'; length: number }
  | { kind: 'decimal'; precision: number; scale: number };

const SIMPLE: ReadonlySet<string> = new Set([
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'string',
  'uuid',
  'binary',
]);
const FIXED = /^fixed\[\s*(\d+)\s*\]$/;
const DECIMAL = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/;
const kinds = new Map<string, PrimitiveKind>();

export function isPrimitive(type: Type): type is PrimitiveType {
  return typeof type === 'string';
}

/** Takes a primitive's text apart. Throws `invalid` for a name the v2 specification does not know. */
export function primitiveKind(type: PrimitiveType): PrimitiveKind {
  const known = kinds.get(type);
  if (known) return known;
  const kind = parseKind(type);
  kinds.set(type, kind);
  return kind;
}

function parseKind(type: string): PrimitiveKind {
  if (SIMPLE.has(type)) return { kind: type } as PrimitiveKind;
  const fixed = FIXED.exec(type);
  if (fixed) return { kind: 'fixed', length: Number(fixed[1]) };
  const decimal = DECIMAL.exec(type);
  if (decimal) {
    const precision = Number(decimal[1]);
    const scale = Number(decimal[2]);
    if (precision >= 1 && precision <= 38 && scale <= precision) return { kind: 'decimal', precision, scale };
  }
  throw new TidemarkError('invalid', `Not an Iceberg v2 primitive type: ${type}`, {
    context: { type },
    remedy:
      'Use one of boolean, int, long, float, double, date, time, timestamp, timestamptz, string, uuid, binary, fixed[n], decimal(p,s) with p up to 38.',
  });
}

/** The fields directly inside a nested type: struct fields, list element, map key and value. Empty for primitives. */
export function childFields(type: Type): NestedField[] {
  if (isPrimitive(type)) return [];
  switch (type.type) {
    case 'struct':
      return type.fields;
    case 'list':
      return [
        { id: type['element-id'], name: 'element', required: type['element-required'], type: type.element },
      ];
    case 'map':
      return [
        { id: type['key-id'], name: 'key', required: true, type: type.key },
        { id: type['value-id'], name: 'value', required: type['value-required'], type: type.value },
      ];
  }
}
