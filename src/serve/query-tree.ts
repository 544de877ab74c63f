import type { Session } from '../engine/session.ts';
import { literal } from '../engine/sql-text.ts';
import { TidemarkError } from '../errors.ts';
import { pointAt } from './query-error.ts';

/** A node of DuckDB's syntax tree, as `json_serialize_sql` writes it. */
export interface SqlNode {
  class?: string;
  type?: string;
  alias?: string;
  /** Bytes from the beginning of the text. */
  query_location?: number;
  [field: string]: unknown;
}

interface Parsed {
  error: boolean;
  error_type?: string;
  error_message?: string;
  position?: string;
  statements?: { node: SqlNode }[];
}

const ONE_SELECT = 'send one SELECT statement; nothing can be written from here';

function syntaxError(shown: string, parsed: Parsed): TidemarkError {
  if (parsed.error_type === 'not implemented')
    return new TidemarkError('refused', 'only SELECT statements are answered', { remedy: ONE_SELECT });
  // The parser counts code points, texts here count UTF-16 units.
  const points = Array.from(shown);
  const at =
    parsed.position === undefined ? undefined : points.slice(0, Number(parsed.position)).join('').length;
  const message = parsed.error_message ?? 'the text cannot be parsed';
  return new TidemarkError('invalid', `SQL: ${message}${at === undefined ? '' : pointAt(shown, at)}`, {
    context: at === undefined ? {} : { position: at },
    remedy: at === undefined ? ONE_SELECT : 'correct the statement where the caret points',
  });
}

/**
 * The syntax tree of a text that is one SELECT (or WITH, VALUES, a set operation).
 * @param shown the text as its author wrote it, for messages; as long as `sql`
 * @throws kind `invalid` for wrong syntax, `refused` for any other statement
 */
export async function parseSelect(session: Session, sql: string, shown = sql): Promise<SqlNode> {
  const options = 'skip_null := true, skip_empty := true, skip_default := true';
  const [row] = await session.rows(`SELECT json_serialize_sql(${literal(sql)}, ${options}) AS tree`);
  const parsed = JSON.parse(row?.tree as string) as Parsed;
  if (parsed.error) throw syntaxError(shown, parsed);
  const [statement, ...more] = parsed.statements ?? [];
  if (!statement)
    throw new TidemarkError('invalid', 'there is no statement in the text', { remedy: ONE_SELECT });
  if (more.length > 0)
    throw new TidemarkError('refused', `the text holds ${more.length + 1} statements`, {
      remedy: 'send one statement at a time',
    });
  return statement.node;
}

export const isNode = (value: unknown): value is SqlNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The nodes directly below a node, through lists and nested lists. */
export function children(node: SqlNode): SqlNode[] {
  const found: SqlNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (isNode(value)) found.push(value);
  };
  Object.values(node).forEach(collect);
  return found;
}
