import { TidemarkError } from '../errors.ts';
import type { ColumnRules, ColumnType, PlanColumn } from '../definition/column.ts';
import type { PlanStream } from '../definition/plan.ts';
import type { Codec } from './codec.ts';
import { decimalCodec } from './codec-decimal.ts';
import { listCodec, mapCodec, structCodec } from './codec-nested.ts';
import { floatingCodec, intCodec, longCodec } from './codec-number.ts';
import { RecordCodec } from './codec-record.ts';
import { binaryCodec, booleanCodec, stringCodec } from './codec-text.ts';
import { dateCodec, timestampCodec } from './codec-time.ts';

/** The codec of a record's columns, or of a struct's fields. */
export function compileRecord(columns: PlanColumn[], extras: PlanStream['extras']): RecordCodec {
  return new RecordCodec(
    columns,
    columns.map((column) => compileType(column.type, column.rules, extras)),
    extras,
  );
}

/** The codec of one value. */
export function compileType(
  type: ColumnType,
  rules: ColumnRules | undefined,
  extras: PlanStream['extras'],
): Codec {
  switch (type.kind) {
    case 'boolean':
      return booleanCodec;
    case 'int':
      return intCodec(rules);
    case 'long':
      return longCodec(rules);
    case 'float':
    case 'double':
      return floatingCodec(type.kind, rules);
    case 'decimal':
      return decimalCodec(type.precision, type.scale, rules);
    case 'date':
      return dateCodec;
    case 'timestamp':
      return timestampCodec;
    case 'string':
      return stringCodec(rules);
    case 'binary':
      return binaryCodec;
    case 'list':
      return listCodec(compileType(type.element, undefined, extras), type.elementRequired);
    case 'map':
      if (type.key.kind !== 'string') {
        throw new TidemarkError('invalid', `A map with keys of type ${type.key.kind} has no form in JSON`, {
          remedy: 'Use a map with text keys, or a list of structs.',
        });
      }
      return mapCodec(compileType(type.value, undefined, extras), type.valueRequired);
    case 'struct':
      return structCodec(compileRecord(type.fields, extras));
  }
}
