import { TidemarkError } from '../errors.ts';
import type { AvroReader } from './avro-bytes.ts';

/**
 * Which fields of an Avro record are wanted, by Iceberg field id. A record is read into an array with one slot per
 * id, in this order: undefined where the file has no such field, null where it is null. Fields that are not wanted
 * are read over, so files of writers that add or leave out fields are read all the same.
 */
export interface Shape {
  ids: readonly number[];
  /** Shapes of records inside a field, through unions and arrays. */
  nested: ReadonlyMap<number, Shape>;
}

/** What a record reads into: one slot per wanted id. */
export type Slots = readonly unknown[];
export type ReadValue = (reader: AvroReader) => unknown;

type Node = string | Node[] | { [key: string]: unknown };
type Names = Map<string, ReadValue>;

const NOTHING: Shape = { ids: [], nested: new Map() };

/** Compiles a writer's schema into a reader of its records. Throws `corrupt` for a schema that is no record. */
export function compileRecord(schemaText: string, shape: Shape): (reader: AvroReader) => Slots {
  let schema: Node;
  try {
    schema = JSON.parse(schemaText) as Node;
  } catch (cause) {
    throw new TidemarkError('corrupt', 'An Avro schema is not JSON', { cause });
  }
  if (typeof schema !== 'object' || Array.isArray(schema) || schema['type'] !== 'record')
    throw unknownType(schema);
  return compile(schema, shape, new Map()) as (reader: AvroReader) => Slots;
}

function compile(node: Node, shape: Shape, names: Names): ReadValue {
  if (typeof node === 'string') return primitive(node, names);
  if (Array.isArray(node)) return union(node, shape, names);
  const type = node['type'];
  switch (type) {
    case 'record':
      return record(node, shape, names);
    case 'array':
      return array(node, shape, names);
    case 'map': {
      const value = compile(node['values'] as Node, shape, names);
      return (reader) => collect(reader, () => [reader.string(), value(reader)]);
    }
    case 'fixed': {
      const size = Number(node['size']);
      const read: ReadValue = (reader) => reader.fixed(size);
      names.set(String(node['name']), read);
      return read;
    }
    case 'enum': {
      const read: ReadValue = (reader) => reader.long();
      names.set(String(node['name']), read);
      return read;
    }
    default:
      if (type === undefined) throw unknownType(node);
      return compile(type as Node, shape, names);
  }
}

function primitive(name: string, names: Names): ReadValue {
  switch (name) {
    case 'null':
      return () => null;
    case 'boolean':
      return (reader) => reader.boolean();
    case 'int':
    case 'long':
      return (reader) => reader.long();
    case 'float':
      return (reader) => reader.float();
    case 'double':
      return (reader) => reader.double();
    case 'bytes':
      return (reader) => reader.bytes();
    case 'string':
      return (reader) => reader.string();
    default: {
      const named = names.get(name);
      if (named) return named;
      throw unknownType(name);
    }
  }
}

function union(branches: Node[], shape: Shape, names: Names): ReadValue {
  const readers = branches.map((branch) => compile(branch, shape, names));
  return (reader) => {
    const read = readers[reader.count()];
    if (!read) throw new TidemarkError('corrupt', 'An Avro union names a branch that it does not have');
    return read(reader);
  };
}

function record(node: { [key: string]: unknown }, shape: Shape, names: Names): ReadValue {
  const fields = (node['fields'] as { [key: string]: unknown }[]).map((field) => {
    const id = Number(field['field-id'] ?? -1);
    return {
      slot: shape.ids.indexOf(id),
      read: compile(field['type'] as Node, shape.nested.get(id) ?? NOTHING, names),
    };
  });
  const width = shape.ids.length;
  const read: ReadValue = (reader) => {
    const slots = new Array<unknown>(width).fill(undefined);
    for (const field of fields) {
      const value = field.read(reader);
      if (field.slot >= 0) slots[field.slot] = value;
    }
    return slots;
  };
  names.set(String(node['name']), read);
  return read;
}

// Avro maps have text keys only: Iceberg writes other maps as an array of records of a key and a value.
function array(node: { [key: string]: unknown }, shape: Shape, names: Names): ReadValue {
  const items = node['items'] as Node;
  if (node['logicalType'] === 'map' && typeof items === 'object' && !Array.isArray(items)) {
    const [key, value] = (items['fields'] as { [key: string]: unknown }[]).map((field) =>
      compile(field['type'] as Node, NOTHING, names),
    );
    if (!key || !value) throw unknownType(items);
    return (reader) => collect(reader, () => [key(reader), value(reader)]);
  }
  const item = compile(items, shape, names);
  return (reader) => {
    const list: unknown[] = [];
    eachItem(reader, () => list.push(item(reader)));
    return list;
  };
}

function collect(reader: AvroReader, pair: () => [unknown, unknown]): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  eachItem(reader, () => {
    const [key, value] = pair();
    map.set(key, value);
  });
  return map;
}

function eachItem(reader: AvroReader, item: () => void): void {
  for (let count = reader.count(); count !== 0; count = reader.count()) {
    // A negative count is followed by the block's size in bytes.
    if (count < 0) reader.long();
    for (let left = Math.abs(count); left > 0; left -= 1) item();
  }
}

function unknownType(node: unknown): TidemarkError {
  return new TidemarkError('corrupt', 'An Avro schema has a type that Iceberg does not use', {
    context: { schema: JSON.stringify(node).slice(0, 200) },
  });
}
