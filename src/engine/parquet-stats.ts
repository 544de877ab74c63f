import { TidemarkError } from '../errors.ts';
import type { Json, Row } from '../ports/effects.ts';
import type { FileStats } from '../ports/ledger.ts';
import { primitiveKind } from '../iceberg/types.ts';
import type { PrimitiveType } from '../iceberg/types.ts';
import { encodeValue } from '../iceberg/value.ts';
import type { Value } from '../iceberg/value.ts';
import { truncateBytesLower, truncateBytesUpper, truncateLower, truncateUpper } from '../iceberg/truncate.ts';
import type { ParquetLeaf } from './parquet-fields.ts';

// DuckDB cuts longer statistics; the cut ones are no longer the value itself.
const EXACT_BYTES = 256;

/**
 * Iceberg statistics from the row that `COPY … RETURN_STATS` gives. A bound that the text does not say exactly is
 * left out: a missing bound costs a read, a wrong one loses rows.
 *
 * @param full ids of the columns whose text bounds are not cut to 16 characters
 */
export function fileStats(row: Row, leaves: readonly ParquetLeaf[], full: ReadonlySet<number>): FileStats {
  const stats: FileStats = {
    recordCount: Number(row['count']),
    fileSizeBytes: Number(row['file_size_bytes']),
    columnSizes: {},
    valueCounts: {},
    nullCounts: {},
    nanCounts: {},
    lowerBounds: {},
    upperBounds: {},
    splitOffsets: [],
  };
  const columns = entries(row['column_statistics']);
  for (const leaf of leaves) {
    const column = columns.get(leaf.statsKey);
    if (column !== undefined) addColumn(stats, leaf, entries(column), full.has(leaf.id));
  }
  return stats;
}

function addColumn(stats: FileStats, leaf: ParquetLeaf, column: Map<string, Json>, full: boolean): void {
  const { id, type } = leaf;
  put(stats.columnSizes, id, column.get('column_size_bytes'));
  put(stats.valueCounts, id, column.get('num_values'));
  put(stats.nullCounts, id, column.get('null_count'));
  if (leaf.repeated) return;
  if (column.get('has_nan') === 'false') stats.nanCounts[id] = 0;
  const lower = bound(type, column.get('min'), 'lower', full);
  const upper = bound(type, column.get('max'), 'upper', full);
  if (lower !== undefined) stats.lowerBounds[id] = base64(lower);
  if (upper !== undefined) stats.upperBounds[id] = base64(upper);
}

function put(into: Record<number, number>, id: number, text: Json | undefined): void {
  if (typeof text === 'string') into[id] = Number(text);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** The bound's binary form from DuckDB's text, or undefined when the text does not say it exactly. */
export function bound(
  type: PrimitiveType,
  text: Json | undefined,
  side: 'lower' | 'upper',
  full: boolean,
): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  const value = parseValue(type, text);
  if (value === undefined) return undefined;
  if (typeof value === 'string' && type === 'string') {
    if (full) return Buffer.byteLength(value) < EXACT_BYTES ? encodeValue(type, value) : undefined;
    const cut = side === 'lower' ? truncateLower(value) : truncateUpper(value);
    return cut === undefined ? undefined : encodeValue(type, cut);
  }
  if (value instanceof Uint8Array) {
    if (full) return value.length < EXACT_BYTES ? value : undefined;
    return side === 'lower' ? truncateBytesLower(value) : truncateBytesUpper(value);
  }
  // Iceberg orders -0.0 below +0.0, DuckDB calls them equal and reports either.
  if (value === 0 && (type === 'float' || type === 'double'))
    return encodeValue(type, side === 'lower' ? -0 : 0);
  return encodeValue(type, value);
}

const INTEGER = /^-?\d+$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const TIMESTAMP = /^(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(\+00)?$/;
const DAY = 86_400_000;

function parseValue(type: PrimitiveType, text: string): Value | undefined {
  const kind = primitiveKind(type);
  switch (kind.kind) {
    case 'boolean':
      return text === '1' || text === 'true' ? true : text === '0' || text === 'false' ? false : undefined;
    case 'int':
      return INTEGER.test(text) ? Number(text) : undefined;
    case 'long':
      return INTEGER.test(text) ? BigInt(text) : undefined;
    case 'float':
    case 'double':
      return floating(text);
    case 'decimal':
      return unscaled(text, kind.scale);
    case 'date':
      return DATE.test(text) ? Date.parse(text) / DAY : undefined;
    case 'timestamp':
    case 'timestamptz':
      return micros(text, kind.kind === 'timestamptz');
    case 'string':
      return text;
    case 'uuid':
      return text;
    case 'binary':
      return /^(?:[0-9A-Fa-f]{2})*$/.test(text) ? Buffer.from(text, 'hex') : undefined;
    case 'fixed':
    case 'time':
      return undefined;
  }
}

function floating(text: string): number | undefined {
  if (text === 'inf') return Infinity;
  if (text === '-inf') return -Infinity;
  const value = Number(text);
  return text === '' || Number.isNaN(value) ? undefined : value;
}

function unscaled(text: string, scale: number): bigint | undefined {
  const match = /^(-?)(\d*)(?:\.(\d+))?$/.exec(text);
  if (match === null || (match[3] ?? '').length !== scale) return undefined;
  const magnitude = BigInt(match[2]! + (match[3] ?? ''));
  return match[1] === '-' ? -magnitude : magnitude;
}

function micros(text: string, zoned: boolean): bigint | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null || zoned !== (match[6] !== undefined)) return undefined;
  const millis = Date.parse(`${match[1]!}T${match[2]!}:${match[3]!}:${match[4]!}Z`);
  return BigInt(millis) * 1000n + BigInt((match[5] ?? '').padEnd(6, '0'));
}

// A MAP comes as pairs, or as an object from sessions that turn it into one.
function entries(map: Json | undefined): Map<string, Json> {
  if (Array.isArray(map)) {
    const pairs = map as { key: string; value: Json }[];
    return new Map(pairs.map(({ key, value }) => [key, value]));
  }
  if (typeof map === 'object' && map !== null) return new Map(Object.entries(map));
  throw new TidemarkError('internal', 'DuckDB gave no column statistics');
}
