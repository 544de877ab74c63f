import { gunzipSync, gzipSync } from 'node:zlib';
import { LosslessNumber, parse, stringify } from 'lossless-json';
import { TidemarkError } from '../errors.ts';
import { LAST_PARTITION_ID_NONE, UNPARTITIONED } from './partition.ts';
import { MAIN } from './snapshot.ts';
import type { TableMetadata } from './metadata.ts';

type Tree = Record<string, unknown>;

/** The order in which Java writes the keys; keys not named here follow in the order they had. */
const KEY_ORDER = [
  'format-version',
  'table-uuid',
  'location',
  'last-sequence-number',
  'last-updated-ms',
  'last-column-id',
  'current-schema-id',
  'schemas',
  'default-spec-id',
  'partition-specs',
  'last-partition-id',
  'default-sort-order-id',
  'sort-orders',
  'properties',
  'current-snapshot-id',
  'next-row-id',
  'refs',
  'snapshots',
  'statistics',
  'partition-statistics',
  'snapshot-log',
  'metadata-log',
];
/** Arrays whose elements never change once written: their text is kept, so that a commit only writes what is new. */
const STABLE_ARRAYS: ReadonlySet<string> = new Set(['schemas', 'snapshots', 'snapshot-log', 'metadata-log']);
const REQUIRED = [
  'table-uuid',
  'location',
  'last-updated-ms',
  'last-column-id',
  'schemas',
  'partition-specs',
];
const texts = new WeakMap<object, string>();

/**
 * Reads a metadata file, gzipped or not.
 * Throws `corrupt` when it is no metadata, `refused` for format versions other than 2.
 */
export function parseMetadata(bytes: Uint8Array): TableMetadata {
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  let tree: unknown;
  try {
    tree = parse(new TextDecoder().decode(gzipped ? gunzipSync(bytes) : bytes), null, parseNumber);
  } catch (cause) {
    throw new TidemarkError('corrupt', 'The metadata file is not JSON', { cause });
  }
  if (!isTree(tree)) throw new TidemarkError('corrupt', 'The metadata file is not a JSON object');
  return normalise(tree);
}

/** The metadata as a file. Key order is Java's; with `gzip` the name must end in `.gz.metadata.json`. */
export function serialiseMetadata(metadata: TableMetadata, options: { gzip?: boolean } = {}): Uint8Array {
  const known = KEY_ORDER.filter((key) => metadata[key] !== undefined);
  const others = Object.keys(metadata).filter(
    (key) => !KEY_ORDER.includes(key) && metadata[key] !== undefined,
  );
  const parts = [...known, ...others].map((key) => `${JSON.stringify(key)}:${member(key, metadata[key])}`);
  const bytes = new TextEncoder().encode(`{${parts.join(',')}}`);
  return options.gzip === true ? gzipSync(bytes) : bytes;
}

function member(key: string, value: unknown): string {
  if (!STABLE_ARRAYS.has(key) || !Array.isArray(value)) return jsonText(value);
  return `[${value.map(stableText).join(',')}]`;
}

function stableText(element: unknown): string {
  if (typeof element !== 'object' || element === null) return jsonText(element);
  let known = texts.get(element);
  if (known === undefined) {
    known = jsonText(element);
    texts.set(element, known);
  }
  return known;
}

/** JSON with bigint as plain numbers. */
export function jsonText(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** JSON with integers above 2^53 as bigint; other numbers that a double cannot carry keep their text. */
export function parseJson(text: string): unknown {
  return parse(text, null, parseNumber);
}

function parseNumber(text: string): unknown {
  const value = Number(text);
  if (Number.isSafeInteger(value) && String(value) === text) return value;
  if (/^-?\d+$/.test(text)) return BigInt(text);
  return String(value) === text ? value : new LosslessNumber(text);
}

function normalise(tree: Tree): TableMetadata {
  const version = tree['format-version'];
  if (version !== 2) {
    throw new TidemarkError('refused', `Iceberg format version ${String(version)} is not supported, only 2`, {
      context: { version: String(version) },
      remedy: 'Upgrade a v1 table to v2; v3 tables cannot be read by Athena.',
    });
  }
  for (const key of REQUIRED) {
    if (tree[key] === undefined || tree[key] === null) {
      throw new TidemarkError('corrupt', `The metadata lacks ${key}`, { context: { key } });
    }
  }
  const current = tree['current-snapshot-id'];
  const currentId = current === undefined || current === null ? undefined : toLong(current);
  const rest = without(tree, ['current-snapshot-id']);
  const hasCurrent = currentId !== undefined && currentId !== -1n;
  const refs = mapValues(treeOf(tree['refs']), (ref) => longs(ref, ['snapshot-id']));
  // Written by versions before refs existed: main is then where current-snapshot-id points.
  if (hasCurrent && refs[MAIN] === undefined) refs[MAIN] = { 'snapshot-id': currentId, type: 'branch' };
  return {
    ...rest,
    'last-sequence-number': toLong(tree['last-sequence-number'] ?? 0),
    'current-schema-id': tree['current-schema-id'] ?? 0,
    'default-spec-id': tree['default-spec-id'] ?? 0,
    'partition-specs': listOf(tree['partition-specs'] ?? [UNPARTITIONED]),
    'last-partition-id': tree['last-partition-id'] ?? LAST_PARTITION_ID_NONE,
    'default-sort-order-id': tree['default-sort-order-id'] ?? 0,
    'sort-orders': listOf(tree['sort-orders'] ?? [{ 'order-id': 0, fields: [] }]),
    properties: treeOf(tree['properties']),
    ...(hasCurrent ? { 'current-snapshot-id': currentId } : {}),
    refs,
    snapshots: listOf(tree['snapshots']).map((snapshot) => ({
      ...longs(snapshot, ['snapshot-id', 'parent-snapshot-id', 'sequence-number']),
      ...(isTree(snapshot['summary']) ? {} : { summary: { operation: 'unknown' } }),
    })),
    'snapshot-log': listOf(tree['snapshot-log']).map((entry) => longs(entry, ['snapshot-id'])),
    'metadata-log': listOf(tree['metadata-log']),
    // The tree was checked for the keys the interface requires; what foreign writers nest inside stays as it is.
  } as unknown as TableMetadata;
}

function longs(tree: Tree, keys: string[]): Tree {
  const entries = Object.entries(tree).filter(([key, value]) => value !== null || !keys.includes(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, keys.includes(key) ? toLong(value) : value]));
}

function without(tree: Tree, keys: string[]): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([key]) => !keys.includes(key)));
}

function toLong(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  throw new TidemarkError('corrupt', 'The metadata has a value that is no 64-bit integer where one belongs', {
    context: { value: String(value) },
  });
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function treeOf(value: unknown): Tree {
  return isTree(value) ? value : {};
}

function listOf(value: unknown): Tree[] {
  return Array.isArray(value) ? value.filter(isTree) : [];
}

function mapValues(tree: Tree, map: (value: Tree) => Tree): Record<string, Tree> {
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, map(treeOf(value))]));
}
