import { parse } from 'lossless-json';
import type { Session } from './session.ts';
import { RuleProblem } from './rule-problem.ts';
import { literal } from './sql-text.ts';
import { tokenize } from './sql-tokens.ts';

/** A node of DuckDB's syntax tree as `json_serialize_sql` writes it. Numbers are text: 64 bits do not fit JavaScript's. */
export interface SqlNode {
  class: string;
  type: string;
  /** Place in the parsed statement. */
  query_location?: string;
  [field: string]: unknown;
}

interface Parsed {
  error: boolean;
  error_message?: string;
  position?: string;
  statements?: { node: Record<string, unknown> }[];
}

const BEFORE = 'SELECT (';
/** What every part of a SELECT but its list looks like when it is not there. */
const PLAIN_PARTS = ['where_clause', 'having', 'qualify', 'sample'];

/** A column whose name is a word of SQL is the likeliest reason, and the parser points behind it. */
async function remedyFor(session: Session, text: string, columns: readonly string[]): Promise<string> {
  const words = new Set(tokenize(text).flatMap((t) => (t.kind === 'word' ? [t.text.toLowerCase()] : [])));
  const named = columns.filter((c) => words.has(c)).map(literal);
  if (named.length === 0) return 'write one SQL expression';
  const [keyword] = await session.rows(
    `SELECT keyword_name AS word FROM duckdb_keywords() WHERE keyword_name IN (${named.join(', ')})
     AND keyword_category <> 'unreserved' ORDER BY 1`,
  );
  return keyword
    ? `write the column as "${keyword.word as string}", in double quotes`
    : 'write one SQL expression';
}

/**
 * Parses one expression with DuckDB's own parser.
 * @param columns names that the text may read, for the remedy
 * @throws RuleProblem when the text is not exactly one expression
 */
export async function parseExpression(
  session: Session,
  text: string,
  columns: readonly string[] = [],
): Promise<SqlNode> {
  const statement = literal(`${BEFORE}${text}\n)`);
  const [row] = await session.rows(`SELECT json_serialize_sql(${statement})::VARCHAR AS tree`);
  // Every number as text: the third argument replaces the number parser.
  const parsed = parse(row?.tree as string, null, (number) => number) as Parsed;
  if (parsed.error) {
    const place = parsed.position === undefined ? undefined : Number(parsed.position) - BEFORE.length;
    throw new RuleProblem(
      parsed.error_message ?? 'cannot be parsed',
      await remedyFor(session, text, columns),
      place,
    );
  }
  const root = parsed.statements?.[0]?.node;
  const list = root?.select_list;
  const one =
    parsed.statements?.length === 1 &&
    root?.type === 'SELECT_NODE' &&
    Array.isArray(list) &&
    list.length === 1;
  const from = root?.from_table as { type?: string } | undefined;
  if (!one || from?.type !== 'EMPTY' || PLAIN_PARTS.some((part) => root[part] !== null)) {
    throw new RuleProblem(
      'is more than one expression',
      'write one SQL expression, without SELECT, FROM or a comma list',
    );
  }
  return (list as SqlNode[])[0]!;
}

/** Place of a node in the text that was given to `parseExpression`; undefined where the parser says nothing. */
export function placeOf(node: SqlNode): number | undefined {
  const at = Number(node.query_location) - BEFORE.length;
  return Number.isSafeInteger(at) && at >= 0 ? at : undefined;
}

export const nodes = (value: unknown): SqlNode[] => (Array.isArray(value) ? (value as SqlNode[]) : []);

/** The text of a string literal, or undefined when the node is something else. */
export function textLiteral(node: SqlNode | undefined): string | undefined {
  const value = node?.value as { type: { id: string }; is_null: boolean; value: unknown } | undefined;
  return node?.class === 'CONSTANT' && value?.type.id === 'VARCHAR' && !value.is_null
    ? String(value.value)
    : undefined;
}
