import { DuckDBInstance, type JS } from '@duckdb/node-api';

export type CsvRow = Record<string, JS>;

/** SQL text literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Rows of a query over CSV files, in chunks; memory does not grow with the result. */
export async function* queryRows(sql: string): AsyncGenerator<CsvRow[]> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB' });
  const connection = await instance.connect();
  try {
    await connection.run(`SET TimeZone = 'UTC'`);
    yield* (await connection.stream(sql)).yieldRowObjectJs();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** One CSV line, quoted where needed; null is empty. */
export function csvLine(values: readonly JS[]): string {
  return values.map(csvField).join(',') + '\n';
}

function csvField(value: JS): string {
  if (value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
