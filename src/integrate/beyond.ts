import { positionIn, type Mark } from '../commit/mark.ts';
import { tableSql } from '../engine/table-sql.ts';
import { ident, literal } from '../engine/sql-text.ts';
import type { Session } from '../engine/session.ts';
import {
  decodeValue,
  planScan,
  type Predicate,
  type ScanFile,
  type Table,
  type TableIo,
} from '../iceberg/index.ts';
import { BIRTH, type Position } from '../ports/ledger.ts';

/** Rows of a real-time table in (after, upTo] of each shard. */
export interface Range {
  shard: string;
  after: Position;
  upTo: Position;
}

/** The ranges between a consumer's mark and the real-time table's own. */
export function rangesBeyond(consumer: Mark, source: string, table: Mark): Range[] {
  const shards = Object.values(table.positions).flatMap((byShard) => Object.entries(byShard));
  return shards
    .map(([shard, upTo]) => ({ shard, after: positionIn(consumer, source, shard), upTo }))
    .filter((r) => r.after < r.upTo);
}

function predicate(ranges: Range[]): Predicate {
  return {
    or: ranges.map((r) => ({
      and: [
        { column: '_shard', op: '=', value: r.shard },
        { column: '_seq', op: '>', value: r.after },
        { column: '_seq', op: '<=', value: r.upTo },
      ],
    })),
  };
}

/** SQL condition that a row lies in one of `ranges`. */
export function inRanges(ranges: Range[]): string {
  const parts = ranges.map(
    (r) => `(_shard = ${literal(r.shard)} AND _seq > ${literal(r.after)} AND _seq <= ${literal(r.upTo)})`,
  );
  return parts.length > 0 ? `(${parts.join(' OR ')})` : 'false';
}

function text(table: Table, file: ScanFile, column: string, bound: 'lowerBounds' | 'upperBounds'): string {
  const field = table.metadata.schemas
    .find((s) => s['schema-id'] === table.metadata['current-schema-id'])!
    .fields.find((f) => f.name === column)!;
  const bytes = file.file[bound]?.get(field.id);
  return bytes ? String(decodeValue('string', bytes)) : '';
}

/**
 * Cuts ranges so that they hold about `maxRows` rows at most, at the end of a file. Rows of a shard stay in order.
 * @returns the shorter ranges, and whether something was left out
 */
export function boundRanges(
  table: Table,
  files: ScanFile[],
  ranges: Range[],
  maxRows: number,
): { ranges: Range[]; more: boolean } {
  let more = false;
  const share = Math.max(1, Math.floor(maxRows / Math.max(1, ranges.length)));
  const bounded = ranges.map((range) => {
    const own = files
      .filter((f) => text(table, f, '_shard', 'lowerBounds') === range.shard)
      .map((f) => ({ rows: f.file.recordCount, last: text(table, f, '_seq', 'upperBounds') }))
      .sort((a, b) => (a.last < b.last ? -1 : 1));
    let rows = 0;
    for (const [i, file] of own.entries()) {
      rows += file.rows;
      if (rows >= share && i < own.length - 1 && file.last > range.after && file.last < range.upTo) {
        more = true;
        return { ...range, upTo: file.last };
      }
    }
    return range;
  });
  return { ranges: bounded, more };
}

/** Loads the rows of `ranges` into the session's table `name`. */
export async function loadRows(
  io: TableIo,
  session: Session,
  table: Table,
  wanted: Range[],
  maxRows: number,
  name: string,
): Promise<{ ranges: Range[]; more: boolean; rows: number }> {
  const scan = await planScan(io, table, { where: predicate(wanted) });
  const { ranges, more } = boundRanges(table, scan.files, wanted, maxRows);
  const live = await tableSql(io.store, scan, { files: scan.files });
  await session.run(
    `CREATE OR REPLACE TEMP TABLE ${ident(name)} AS SELECT * FROM (${live}) WHERE ${inRanges(ranges)}`,
  );
  const [count] = await session.rows(`SELECT count(*) AS n FROM ${ident(name)}`);
  return { ranges, more, rows: Number(count?.n ?? 0) };
}

/** The positions to which the ranges move a consumer's mark. */
export function endsOf(ranges: Range[]): Record<string, Position> {
  return Object.fromEntries(ranges.filter((r) => r.upTo > BIRTH).map((r) => [r.shard, r.upTo]));
}
