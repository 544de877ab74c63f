import { csvLine, literal, queryRows } from './csv.ts';
import type { FlightSources } from './sources.ts';

/** The columns of each reference that the example uses; the first is the key. */
export const REFERENCE_COLUMNS = {
  airlines: ['carrier', 'name'],
  airports: ['faa', 'name', 'lat', 'lon', 'tzone'],
  planes: ['tailnum', 'year', 'manufacturer', 'model', 'seats'],
} as const;

export type ReferenceName = keyof typeof REFERENCE_COLUMNS;

/** A reference as CSV lines by key: chosen columns, text as the source has it, NA as empty. */
export async function* referenceLines(sources: FlightSources, name: ReferenceName): AsyncGenerator<string> {
  const columns = REFERENCE_COLUMNS[name];
  yield csvLine(columns);
  const sql = `
    SELECT ${columns.join(', ')}
    FROM read_csv(${literal(sources[name])}, header = true, all_varchar = true, nullstr = ['NA', ''])
    ORDER BY ${columns[0]}`;
  for await (const rows of queryRows(sql)) {
    for (const row of rows) yield csvLine(columns.map((column) => row[column] ?? null));
  }
}
