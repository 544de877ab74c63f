import type { Column, ColumnType } from '../definition/column.ts';
import type { PlanStream } from '../definition/plan.ts';
import type { StreamDefinition } from '../definition/definition.ts';

/** What a stream's records must be: the stream of a definition, or of a plan. */
export type StreamContract = StreamDefinition | PlanStream;

/** A value as a producer gives it. `Date` becomes ISO 8601, `bigint` exact text, bytes base64. */
export type RecordValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly RecordValue[]
  | { readonly [name: string]: RecordValue };

/** What may stand for a column of type `T`; any value where the type does not say which column it is. */
type ValueOf<T> = ColumnType extends T
  ? RecordValue
  : T extends { kind: 'boolean' }
    ? boolean
    : T extends { kind: 'int' | 'float' | 'double' }
      ? number
      : T extends { kind: 'long' }
        ? number | bigint | string
        : T extends { kind: 'decimal' }
          ? number | string
          : T extends { kind: 'timestamp' }
            ? Date | string
            : T extends { kind: 'date' | 'string' }
              ? string
              : T extends { kind: 'binary' }
                ? Uint8Array | string
                : RecordValue;

type RequiredNames<C> = {
  [K in keyof C]: C[K] extends { required: infer R } ? ([R] extends [true] ? K : never) : never;
}[keyof C];

type Fields<C extends Record<string, Column>> = {
  [K in RequiredNames<C>]: ValueOf<C[K]['type']>;
} & {
  [K in Exclude<keyof C, RequiredNames<C>>]?: ValueOf<C[K]['type']> | null | undefined;
};

/**
 * The records of a stream, as far as its type tells. A stream written as a constant gives its columns' names; its
 * columns' types too where the columns' own types are narrow. A plan's stream gives any record: its contract is still
 * checked when a record is put.
 *
 * @example
 * const orders = { columns: { id: column.string(), at: column.timestamp() }, eventTime: 'at' } satisfies StreamDefinition;
 * type Order = RecordOf<typeof orders>;
 */
export type RecordOf<S> = S extends { columns: infer C }
  ? C extends readonly unknown[]
    ? Readonly<Record<string, RecordValue>>
    : C extends Record<string, Column>
      ? string extends keyof C
        ? Readonly<Record<string, RecordValue>>
        : Readonly<Fields<C>>
      : never
  : Readonly<Record<string, RecordValue>>;
