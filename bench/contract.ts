/**
 * How many records a CPU second one core holds against a contract:
 * `npx esbuild bench/contract.ts --bundle --platform=node --format=esm --packages=external | node --input-type=module`
 */
import { column } from '../src/definition/column.ts';
import type { Column } from '../src/definition/column.ts';
import type { PlanStream } from '../src/definition/plan.ts';
import { compileContract } from '../src/ingest/contract.ts';

const RECORDS = 10_000;
const ROUNDS = 30;

const columns: Record<string, Column> = {
  flight_id: column.string({ maxLength: 64 }),
  event: column.string({ oneOf: ['scheduled', 'departed', 'arrived', 'cancelled'] }),
  event_time: column.timestamp(),
  scheduled: column.timestamp(),
  carrier: column.string(),
  flight: column.int({ min: 1 }),
  origin: column.string({ pattern: '[A-Z]{3}' }),
  destination: column.string(),
  delay_minutes: column.int({ optional: true }),
  distance: column.double(),
  fare: column.decimal(12, 2),
  remarks: column.string({ optional: true }),
};

function stream(extras: PlanStream['extras']): PlanStream {
  return {
    name: 'flight_events',
    columns: Object.entries(columns).map(([name, c]) => ({ name, ...c })),
    eventTime: 'event_time',
    extras,
    shards: 1,
    retentionHours: 24,
  };
}

function record(i: number, more: Record<string, unknown>, big: string): Uint8Array {
  const text = JSON.stringify({
    flight_id: `2013-01-01-UA-${1000 + i}-EWR`,
    event: ['scheduled', 'departed', 'arrived', 'cancelled'][i % 4],
    event_time: new Date(1357000000000 + i * 997).toISOString(),
    scheduled: '2013-01-01T10:15:00Z',
    carrier: 'UA',
    flight: 1 + (i % 8000),
    origin: 'EWR',
    destination: 'IAH',
    delay_minutes: i % 3 === 0 ? null : (i % 200) - 20,
    distance: 1400 + (i % 1000) / 8,
    fare: (10_000 + (i % 1000)) / 100,
    remarks: 'r'.repeat(240 + (i % 10)),
    ...more,
  });
  return Buffer.from(text.replace('"BIG"', `null,"serial":${big}`));
}

function measure(
  name: string,
  extras: PlanStream['extras'],
  more: (i: number) => Record<string, unknown>,
  big = '0',
): void {
  const contract = compileContract(stream(extras));
  const records = Array.from({ length: RECORDS }, (_, i) => record(i, more(i), big));
  const bytes = records.reduce((sum, r) => sum + r.length, 0) / RECORDS;
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const start = process.cpuUsage();
    for (const r of records) {
      const result = contract.read(r);
      if (result.kind !== 'ok') throw new Error(result.message);
    }
    const used = process.cpuUsage(start);
    times.push(used.user + used.system);
  }
  const median = times.sort((a, b) => a - b)[ROUNDS >> 1]!;
  const rate = Math.round((RECORDS / median) * 1e6);
  console.log(`${name}: ${rate} records a CPU second, ${Math.round(bytes)} bytes each`);
}

measure('plain', 'keep', () => ({}));
measure('quarantine extras', 'quarantine', () => ({}));
measure('one unknown field', 'keep', (i) => ({ gate: `B${i}` }));
measure('non-ASCII text', 'keep', () => ({ remarks: 'é😀'.repeat(50) }));
measure('a number of 16 digits', 'keep', () => ({ distance: 1400.123456789012 }));
// JSON.stringify cannot write such a number: it is put in place of a text.
measure('an integer beyond 2^53', 'keep', () => ({ remarks: 'BIG' }), '9223372036854775807');
