import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'flights');

/** An edit of the example as a user makes it: the text that is there, and the text that takes its place. */
export type Edit = readonly [found: string, replaced: string];

/** A new optional column that one more kind of producer sends, and a new measure over columns that exist. */
export const GATE_AND_AIR_TIME: readonly Edit[] = [
  [
    'tailnum: column.string(optional),\n        origin',
    'tailnum: column.string(optional),\n        gate: column.string(optional),\n        origin',
  ],
  [
    "columns: { actual_departure: 'event_time', departure_delay: 'delay_minutes' }",
    "columns: { actual_departure: 'event_time', departure_delay: 'delay_minutes', gate: 'gate' }",
  ],
  [
    'worst_arrival_delay: sql`max(arrival_delay)`,',
    'worst_arrival_delay: sql`max(arrival_delay)`,\n        longest_in_air: sql`max(air_time_minutes)`,',
  ],
];

/** A column of another type: rows that are there cannot follow. */
export const FLIGHT_AS_TEXT: readonly Edit[] = [['flight: column.int(),', 'flight: column.string(),']];

/**
 * The example's definition with edits, and what it names beside it. It stands inside the checkout, where the package's
 * own name resolves.
 */
export async function changedDefinition(
  edits: readonly Edit[],
): Promise<{ path: string; remove(): Promise<void> }> {
  const cache = join(ROOT, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'definition-'));
  let text = await readFile(join(EXAMPLE, 'lakehouse.ts'), 'utf8');
  for (const [found, replaced] of edits) {
    if (text.split(found).length !== 2) throw new Error(`the example does not have this once: ${found}`);
    text = text.replace(found, () => replaced);
  }
  await writeFile(join(folder, 'lakehouse.ts'), text);
  await cp(join(EXAMPLE, 'data'), join(folder, 'data'), {
    recursive: true,
    filter: (path) => !path.endsWith('.gz'),
  });
  return { path: join(folder, 'lakehouse.ts'), remove: () => rm(folder, { recursive: true, force: true }) };
}
