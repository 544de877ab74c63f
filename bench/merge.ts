/**
 * Merging changes into a large Silver table, beside the same work as plain DuckDB SQL over the same files in the same run:
 * node bench/run.mjs merge [--rows 10000000] [--changes 500000] [--new 0.1]
 */
import { join } from 'node:path';
import { commitWithMark } from '../src/commit/committer.ts';
import { dataFile } from '../src/commit/files.ts';
import { EMPTY_MARK, type Mark } from '../src/commit/mark.ts';
import { column, defineLakehouse } from '../src/definition/index.ts';
import { realtimeTable, silverTable } from '../src/definition/tables.ts';
import { compileLakehouse } from '../src/engine/compile.ts';
import { ordSql } from '../src/engine/ord.ts';
import { writeParquet } from '../src/engine/parquet.ts';
import { Engine, type Session } from '../src/engine/session.ts';
import { currentSchema, planScan, requireTable, type DataFile } from '../src/iceberg/index.ts';
import { mergeSilver } from '../src/integrate/merge.ts';
import { openStores, type LocalStores } from '../src/local/stores.ts';
import { deployTables } from '../src/operate/deploy.ts';
import type { TableName } from '../src/ports/catalog.ts';
import { benchLog, cost, inFolder, options, peakMegabytes, print } from './support.ts';

const settings = options({ rows: 10_000_000, changes: 500_000, new: 0.1, threads: 2, rounds: 3 });
const { rows, changes, threads, rounds } = settings;
const SHARD = 'shardId-000000000000';
const FILE_ROWS = 1_000_000;
const BATCH_ROWS = 10_000;

const lakehouse = defineLakehouse('bench', {
  streams: {
    events: {
      columns: {
        flight_id: column.string(),
        event_time: column.timestamp(),
        carrier: column.string(),
        origin: column.string(),
        destination: column.string(),
        status: column.string(),
        delay_minutes: column.int(),
        distance: column.double(),
      },
      eventTime: 'event_time',
      extras: 'ignore',
    },
  },
  realtime: { activity: { from: 'events' } },
  silver: { flights: { mode: 'upsert', from: 'activity', key: ['flight_id'] } },
});

const plan = await compileLakehouse(lakehouse);
const version = plan.realtime[0]!.columns.find((c) => c.name === 'event_time')!;
const position = (n: string): string => `lpad(CAST(${n} AS VARCHAR), 56, '0')`;

/** Rows of events: \`key\` gives the number of the flight, \`place\` the position in the stream. */
const events = (from: string, key: string, place: string, day: number): string => `
  SELECT *, ${ordSql(version)} AS _ord FROM (
    SELECT 'flight-' || lpad(CAST(${key} AS VARCHAR), 12, '0') AS flight_id,
      TIMESTAMP '2026-01-01' + to_days(${day}) + to_milliseconds(CAST(i % 86400000 AS BIGINT)) AS event_time,
      ['UA', 'AA', 'DL', 'B6'][1 + i % 4] AS carrier, ['EWR', 'JFK', 'LGA'][1 + i % 3] AS origin,
      'D' || CAST(i % 300 AS VARCHAR) AS destination, ['scheduled', 'departed', 'arrived'][1 + i % 3] AS status,
      CAST(hash(i) % 300 AS INTEGER) AS delay_minutes, hash(i) % 3000 / 8 AS distance,
      '${SHARD}' AS _shard, ${position(place)} AS _seq, 0 AS _sub, TIMESTAMP '2026-01-01' AS _arrived_at
    FROM ${from})`;

async function addFiles(
  stores: LocalStores,
  session: Session,
  name: TableName,
  parts: string[],
  mark: (last: string) => Mark,
): Promise<void> {
  const table = await requireTable(stores.io, name);
  const files: DataFile[] = [];
  for (const select of parts) {
    const id = stores.io.random.uuid();
    const schema = currentSchema(table.metadata);
    const { path, ...stats } = await writeParquet(session, {
      select,
      schema,
      path: join(stores.scratch, `${id}.parquet`),
    });
    const uri = `${table.metadata.location}/data/${id}.parquet`;
    await stores.io.store.putFile(uri, path);
    files.push(dataFile(uri, stats));
  }
  const none = { addedDeletes: [], removedData: [], removedDeletes: [], summary: {} };
  const change = { operation: 'append' as const, addedData: files, ...none };
  const outcome = await commitWithMark(stores.io, table, mark(String(files.length)), change);
  if (outcome.kind !== 'committed') throw new Error(outcome.kind);
}

/** The same result by hand: newest change of a key, where its old row stands, new rows and positions as files. */
async function plainDuckdb(
  session: Session,
  silver: string[],
  changed: string[],
  folder: string,
  round: number,
): Promise<void> {
  const list = (files: string[]): string => `[${files.map((f) => `'${f}'`).join(', ')}]`;
  await session.run(`CREATE OR REPLACE TEMP TABLE newest AS SELECT * FROM read_parquet(${list(changed)})
    QUALIFY row_number() OVER (PARTITION BY flight_id ORDER BY _ord DESC) = 1`);
  await session.run(`CREATE OR REPLACE TEMP TABLE old AS SELECT s._ord, s.flight_id, filename, file_row_number
    FROM read_parquet(${list(silver)}, filename = true, file_row_number = true) s SEMI JOIN newest USING (flight_id)`);
  await session.run(`COPY (SELECT n.* FROM newest n LEFT JOIN old o USING (flight_id) WHERE n._ord > coalesce(o._ord, ''))
    TO '${join(folder, `new-${round}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`);
  await session.run(`COPY (SELECT filename AS file_path, file_row_number AS pos FROM old ORDER BY 1, 2)
    TO '${join(folder, `deletes-${round}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`);
}

await inFolder(async (folder) => {
  const stores = openStores(join(folder, 'data'), true);
  await deployTables(stores.io, plan, stores.warehouse);
  // A process of its own would build the tables elsewhere; here a second engine does, so that memory is given back.
  const builder = await Engine.open({ threads: 4, memoryLimit: '4GB', tempDirectory: stores.scratch });
  const session = await builder.session();
  const silver = silverTable(plan, 'flights');
  const realtime = realtimeTable(plan, 'activity');
  const parts = Array.from({ length: Math.ceil(rows / FILE_ROWS) }, (_, f) => {
    const range = `range(${f * FILE_ROWS}, ${Math.min(rows, (f + 1) * FILE_ROWS)}) r(i)`;
    return `SELECT *, NULL::BOOLEAN AS _deleted FROM (${events(range, 'i', 'i', 0)})`;
  });
  await addFiles(stores, session, silver, parts, () => EMPTY_MARK);
  const known = Math.round(changes * (1 - settings.new));
  let place = rows;
  const putChanges = async (round: number): Promise<void> => {
    const from = place + 1;
    const batches = Array.from({ length: Math.ceil(changes / BATCH_ROWS) }, (_, b) => {
      const range = `range(${b * BATCH_ROWS}, ${Math.min(changes, (b + 1) * BATCH_ROWS)}) r(i)`;
      const key = `CASE WHEN i < ${known} THEN (i * 7919 + ${round}) % ${rows} ELSE ${rows} + ${round} * ${changes} + i END`;
      return events(range, key, `${from} + i`, round + 1);
    });
    place += changes;
    const positions = { events: { [SHARD]: String(place).padStart(56, '0') } };
    await addFiles(stores, session, realtime, batches, () => ({ ...EMPTY_MARK, positions }));
  };
  const pathsOf = async (name: TableName): Promise<string[]> => {
    const { files } = await planScan(stores.io, await requireTable(stores.io, name), {});
    return Promise.all(files.map((f) => stores.io.store.readable(f.file.path)));
  };
  const engine = await Engine.open({ threads, memoryLimit: '768MB', tempDirectory: stores.scratch });
  const ports = {
    plan,
    io: stores.io,
    engine,
    scratch: stores.scratch,
    log: benchLog,
    maxRows: 1_000_000_000,
  };
  const lines: (string | number)[][] = [];
  let before: string[] = await pathsOf(realtime);
  for (let round = 0; round < rounds; round++) {
    await putChanges(round);
    const fresh = (await pathsOf(realtime)).filter((f) => !before.includes(f));
    before = await pathsOf(realtime);
    const plainSession = await engine.session();
    const base = await pathsOf(silver);
    const plain = await cost(() => plainDuckdb(plainSession, base, fresh, folder, round));
    await plainSession.close();
    let changed = 0;
    const ours = await cost(async () => (changed = (await mergeSilver(ports, 'flights')).changed));
    lines.push([
      `round ${round + 1}`,
      changed,
      ours.wall,
      ours.cpu,
      plain.wall,
      plain.cpu,
      ours.cpu / plain.cpu,
    ]);
  }
  print(
    `merge: ${changes.toLocaleString('en-US')} changes into ${rows.toLocaleString('en-US')} rows, ${threads} threads`,
    ['', 'rows changed', 'seconds', 'CPU s', 'DuckDB seconds', 'CPU s', 'CPU ratio'],
    lines,
  );
  console.log(`  peak memory ${Math.round(peakMegabytes())} MB, with what built the tables`);
  await session.close();
  await builder.close();
  await engine.close();
  await stores.close();
});
