import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { compare, withSession } from '../../local/support/compare.ts';
import { withExpected } from './flights-days.ts';
import type { Trino } from './trino.ts';

const PLAIN = [
  'flight_id',
  'carrier',
  'airline',
  'flight',
  'tailnum',
  'manufacturer',
  'model',
  'seats',
  'origin',
  'dest',
  'dest_name',
  'distance',
  'departure_delay',
  'arrival_delay',
  'air_time_minutes',
  'status',
  'temp',
  'wind_speed',
  'precip',
  'visib',
];
/** Compared as seconds since 1970: the engines write times in different words. */
const TIMES = ['scheduled_departure', 'scheduled_arrival', 'actual_departure', 'actual_arrival'];
const COLUMNS = [...PLAIN, ...TIMES];

/** Every row and column that Trino reads from the unified view of flights, against the example's independent SQL. */
export async function expectAnswers(trino: Trino, lastDay: number): Promise<void> {
  const epochs = TIMES.map((c) => `date_diff('second', TIMESTAMP '1970-01-01 00:00:00', ${c})`);
  const rows = await trino.rows(`SELECT ${[...PLAIN, ...epochs].join(', ')} FROM flights.flights`);
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-answers-'));
  try {
    const file = join(folder, 'rows.ndjson');
    const line = (row: unknown[]): string =>
      `${JSON.stringify(Object.fromEntries(COLUMNS.map((c, i) => [c, row[i]])))}\n`;
    await writeFile(file, rows.map(line).join(''));
    await withExpected(lastDay, (expected) =>
      withSession(async (session) => {
        const wanted = `SELECT ${[...PLAIN, ...TIMES.map((c) => `epoch(${c})::BIGINT AS ${c}`)].join(', ')}
          FROM (${expected.flights})`;
        await session.run(`CREATE TEMP TABLE wanted AS ${wanted}`);
        const types = (await session.rows(
          `SELECT column_name AS name, data_type AS type FROM duckdb_columns() WHERE table_name = 'wanted'`,
        )) as { name: string; type: string }[];
        const columns = types.map(({ name, type }) => `${name}: '${type}'`).join(', ');
        const difference = await compare(
          session,
          `FROM read_json('${file}', columns = {${columns}})`,
          'FROM wanted',
        );
        expect(difference).toMatchObject({ extra: [], missing: [] });
        expect(difference.actual).toBe(difference.expected);
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
