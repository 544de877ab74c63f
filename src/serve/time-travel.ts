import { matches, type Token } from './query-tokens.ts';

/** `FOR VERSION AS OF …` or `FOR TIMESTAMP AS OF …` in a query's text. */
export interface TravelClause {
  kind: 'version' | 'timestamp';
  start: number;
  end: number;
  /** The expression's text: a snapshot id or tag for `version`, a moment for `timestamp`. */
  value: string;
}

const KINDS: Readonly<Record<string, TravelClause['kind']>> = {
  version: 'version',
  system_version: 'version',
  timestamp: 'timestamp',
  system_time: 'timestamp',
};

/** The token behind the group of parentheses that opens at `at`. */
function closing(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (let i = at; i < tokens.length; i++) {
    if (tokens[i]!.text === '(') depth++;
    if (tokens[i]!.text === ')' && --depth === 0) return i + 1;
  }
  return tokens.length;
}

/** The token behind one value: a literal, a name, a call, or anything in parentheses. */
function primary(tokens: readonly Token[], at: number): number {
  const token = tokens[at];
  if (token?.text === '(') return closing(tokens, at);
  if (token?.kind !== 'word') return at + 1;
  const next = tokens[at + 1];
  if (next?.kind === 'string') return at + 2 + Number(token.text.toLowerCase() === 'interval');
  return next?.text === '(' ? closing(tokens, at + 1) : at + 1;
}

/** The token behind `value [± value]… [AT TIME ZONE value]`; an alias that follows is not part of it. */
function expressionEnd(tokens: readonly Token[], at: number): number {
  let next = primary(tokens, at);
  for (;;) {
    const sign = tokens[next]?.text;
    if (sign === '+' || sign === '-') next = primary(tokens, next + 1);
    else if (matches(tokens, next, 'at', 'time', 'zone')) next = primary(tokens, next + 3);
    else return Math.min(next, tokens.length);
  }
}

/** Finds the clauses of Athena's time travel, which DuckDB's parser does not know. */
export function travelClauses(sql: string, tokens: readonly Token[]): TravelClause[] {
  const clauses: TravelClause[] = [];
  for (let i = 0; i + 4 < tokens.length; i++) {
    const kind = KINDS[tokens[i + 1]!.text.toLowerCase()];
    if (!kind || !matches(tokens, i, 'for') || !matches(tokens, i + 2, 'as', 'of')) continue;
    const end = tokens[expressionEnd(tokens, i + 4) - 1]!.end;
    clauses.push({ kind, start: tokens[i]!.start, end, value: sql.slice(tokens[i + 4]!.start, end) });
  }
  return clauses;
}

/** The text with each clause blanked, so that every place in it stays where it was. */
export function withoutTravel(sql: string, clauses: readonly TravelClause[]): string {
  let text = sql;
  for (const { start, end } of clauses)
    text = text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + text.slice(end);
  return text;
}
