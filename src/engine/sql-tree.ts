import { parse } from 'lossless-json';
import type { Session } from './session.ts';
import { RuleProblem } from './rule-problem.ts';
import { literal } from './sql-text.ts';

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

function remedyFor(message = ''): string {
  const word = /at or near "([a-z_]\w*)"/i.exec(message)?.[1];
  const quoted = word === undefined ? '' : `; when ${word} is a column, write "${word}" in double quotes`;
  return `write one SQL expression${quoted}`;
}

/**
 * Parses one expression with DuckDB's own parser.
 * @throws RuleProblem when the text is not exactly one expression
 */
export async function parseExpression(session: Session, text: string): Promise<SqlNode> {
  const statement = literal(`${BEFORE}${text}\n)`);
  const [row] = await session.rows(`SELECT json_serialize_sql(${statement})::VARCHAR AS tree`);
  // Every number as text: the third argument replaces the number parser.
  const parsed = parse(row?.tree as string, null, (number) => number) as Parsed;
  if (parsed.error) {
    const place = parsed.position === undefined ? undefined : Number(parsed.position) - BEFORE.length;
    throw new RuleProblem(parsed.error_message ?? 'cannot be parsed', remedyFor(parsed.error_message), place);
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
