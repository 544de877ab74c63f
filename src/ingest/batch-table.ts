import { open } from 'node:fs/promises';
import type { PlanStream } from '../definition/plan.ts';
import type { Session } from '../engine/session.ts';
import { literal } from '../engine/sql-text.ts';
import { duckdbReadColumns, duckdbSelect } from './contract.ts';
import type { Accepted } from './decode.ts';

/** The session's table of accepted records, numbered from 0 in stream order. Rules read it through the view `batch`. */
const RECORDS = 'batch_records';

/**
 * DuckDB's JSON reader takes a buffer of twice this size for each thread, so it is cut to the batch.
 * @param longest length of the longest line in UTF-16 units; each is 3 bytes of UTF-8 at most
 */
export function objectSize(longest: number): number {
  return Math.max(65_536, longest * 3 + 1024);
}

/** One line a record: its place, then its columns. */
function line(record: Accepted, row: number): string {
  const rest = record.json === '{}' ? '}' : `,${record.json.slice(1)}`;
  return `{"_row":${row},"_seq":"${record.position}","_sub":${record.sub},"_arrived":${record.arrivedAt}${rest}\n`;
}

/**
 * Puts accepted records into the session as table and view, to be read by rules.
 * @param scratch path of a file that may be written and is left behind for the caller to remove
 */
export async function loadBatch(
  session: Session,
  stream: PlanStream,
  shard: string,
  records: Accepted[],
  scratch: string,
): Promise<void> {
  const file = await open(scratch, 'w');
  let longest = 0;
  try {
    let chunk: string[] = [];
    let size = 0;
    for (const [row, record] of records.entries()) {
      const text = line(record, row);
      chunk.push(text);
      size += text.length;
      longest = Math.max(longest, text.length);
      if (size > 4_000_000) {
        await file.write(chunk.join(''));
        chunk = [];
        size = 0;
      }
    }
    if (chunk.length > 0) await file.write(chunk.join(''));
  } finally {
    await file.close();
  }
  const columns = duckdbReadColumns([...stream.columns, ...extraColumns(stream)]);
  await session.run(`
    CREATE OR REPLACE TEMP TABLE ${RECORDS} AS
    SELECT _row, ${duckdbSelect([...stream.columns, ...extraColumns(stream)])},
      ${literal(shard)} AS _shard, _seq, _sub, make_timestamp(_arrived * 1000) AS _arrived_at
    FROM read_json(${literal(scratch)}, format = 'newline_delimited', maximum_object_size = ${objectSize(longest)},
      columns = {_row: 'INTEGER', _seq: 'VARCHAR', _sub: 'INTEGER', _arrived: 'BIGINT', ${columns}})`);
  await showRows(session);
}

/** Restricts what rules see to rows `from` (inclusive) to `to` (exclusive), without those of `except`. */
export async function showRows(
  session: Session,
  range?: { from: number; to: number },
  except: number[] = [],
): Promise<void> {
  const conditions = [
    ...(range ? [`_row >= ${range.from} AND _row < ${range.to}`] : []),
    ...(except.length > 0 ? [`_row NOT IN (${except.join(', ')})`] : []),
  ];
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : '';
  await session.run(`CREATE OR REPLACE TEMP VIEW batch AS SELECT * EXCLUDE (_row) FROM ${RECORDS}${where}`);
}

function extraColumns(stream: PlanStream) {
  return stream.extras === 'keep'
    ? [{ name: '_extra', type: { kind: 'string' as const }, required: false }]
    : [];
}
