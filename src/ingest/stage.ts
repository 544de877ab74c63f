import { rm, writeFile } from 'node:fs/promises';
import type { Schema } from '../iceberg/index.ts';
import { writeParquet } from '../engine/parquet.ts';
import type { Session } from '../engine/session.ts';
import { literal } from '../engine/sql-text.ts';
import type { TableName } from '../ports/catalog.ts';
import type { StagedFile } from '../ports/ledger.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Random } from '../ports/random.ts';
import { objectSize } from './batch-table.ts';
import type { Refused } from './decode.ts';

/** Columns whose bounds are kept whole: cutting a padded number says nothing. */
export const POSITION_BOUNDS = ['_shard', '_seq', '_ord'];

/** Files before they belong to a table: outside every table's location, so that no foreign clean-up can delete them. */
export interface Staging {
  store: ObjectStore;
  random: Random;
  /** URI prefix ending in `/`. */
  prefix: string;
  /** Local folder for files being written. */
  scratch: string;
}

export interface Destination {
  name: TableName;
  schema: Schema;
}

/**
 * Writes the rows of `select` as one Parquet file under a name of its own and makes it durable.
 * @returns undefined when there are no rows
 */
export async function stageRows(
  session: Session,
  staging: Staging,
  table: Destination,
  select: string,
): Promise<StagedFile | undefined> {
  const id = staging.random.uuid();
  const local = `${staging.scratch}/${id}.parquet`;
  try {
    const { path: _path, ...stats } = await writeParquet(session, {
      select,
      schema: table.schema,
      path: local,
      fullBounds: POSITION_BOUNDS,
    });
    if (stats.recordCount === 0) return undefined;
    const uri = `${staging.prefix}${table.name.database}/${table.name.table}/${id}.parquet`;
    await staging.store.putFile(uri, local);
    return { uri, schemaId: table.schema['schema-id'], ...stats };
  } finally {
    await rm(local, { force: true });
  }
}

/** Loads refused records as the session's table `out_quarantine`. */
export async function loadRefused(
  session: Session,
  stream: string,
  shard: string,
  refused: Refused[],
  scratch: string,
): Promise<void> {
  const lines = refused.map((r) =>
    JSON.stringify({
      stream,
      reason: r.reason,
      message: r.message,
      partition_key: r.partitionKey,
      payload: Buffer.from(r.payload).toString('base64'),
      _shard: shard,
      _seq: r.position,
      _sub: r.sub,
      _arrived: r.arrivedAt,
    }),
  );
  await writeFile(scratch, lines.join('\n'));
  await session.run(`
    CREATE OR REPLACE TEMP TABLE out_quarantine AS
    SELECT stream, reason, message, partition_key, from_base64(payload) AS payload, _shard, _seq, _sub,
      make_timestamp(_arrived * 1000) AS _arrived_at
    FROM read_json(${literal(scratch)}, format = 'newline_delimited', maximum_object_size = ${objectSize(Math.max(0, ...lines.map((l) => l.length)))},
      columns = {stream: 'VARCHAR', reason: 'VARCHAR', message: 'VARCHAR', partition_key: 'VARCHAR', payload: 'VARCHAR',
        _shard: 'VARCHAR', _seq: 'VARCHAR', _sub: 'INTEGER', _arrived: 'BIGINT'})`);
}
