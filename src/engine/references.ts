import type { PlanColumn } from '../definition/column.ts';
import type { PlanReference } from '../definition/plan.ts';
import { TidemarkError } from '../errors.ts';
import { duckdbType } from './iceberg-schema.ts';
import type { Session } from './session.ts';
import { ident, idents, literal } from './sql-text.ts';

/** The table under which rules read a reference. */
export const referenceTable = (name: string): string => `ref_${name}`;

function readerOf(path: string): string {
  const file = literal(path);
  if (/\.csv(\.gz)?$/.test(path)) return `read_csv(${file}, header = true, all_varchar = true, nullstr = '')`;
  if (/\.(ndjson|jsonl)(\.gz)?$/.test(path)) return `read_json(${file}, format = 'newline_delimited')`;
  if (path.endsWith('.parquet')) return `read_parquet(${file})`;
  throw new TidemarkError('invalid', `a reference cannot be read from "${path}"`, {
    remedy: 'use a file that ends in .csv, .csv.gz, .ndjson, .ndjson.gz, .jsonl or .parquet',
  });
}

const typed = (column: PlanColumn): string =>
  `CAST(${ident(column.name)} AS ${duckdbType(column.type)}) AS ${ident(column.name)}`;

/**
 * Loads a reference into the engine, for all of its sessions. An older version is replaced in one step.
 * @throws TidemarkError kind `invalid` when a value does not fit its column, a required one is missing, or a key is
 * there twice: a look-up must find one row at most
 */
export async function loadReference(
  session: Session,
  reference: PlanReference,
  path: string,
): Promise<number> {
  const table = ident(referenceTable(reference.name));
  const context = { reference: reference.name, path };
  const columns = reference.columns.map(typed).join(', ');
  await session.run(`CREATE OR REPLACE TABLE ${table} AS SELECT ${columns} FROM ${readerOf(path)}`);
  const required = reference.columns.filter((c) => c.required).map((c) => `${ident(c.name)} IS NULL`);
  const [missing] = await session.rows(
    `SELECT * FROM ${table} WHERE ${required.length > 0 ? required.join(' OR ') : 'false'} LIMIT 1`,
  );
  if (missing)
    throw new TidemarkError(
      'invalid',
      `reference "${reference.name}" lacks a required value: ${JSON.stringify(missing)}`,
      {
        context,
        remedy: 'fill the value in, or declare the column optional',
      },
    );
  const keys = idents(reference.key);
  const [double] = await session.rows(
    `SELECT ${keys} FROM ${table} GROUP BY ${keys} HAVING count(*) > 1 LIMIT 1`,
  );
  if (double)
    throw new TidemarkError(
      'invalid',
      `reference "${reference.name}" has a key twice: ${JSON.stringify(double)}`,
      {
        context,
        remedy: 'make the key unique, or add the column that tells the rows apart to it',
      },
    );
  const [count] = await session.rows(`SELECT count(*) AS n FROM ${table}`);
  return Number(count?.n ?? 0);
}
