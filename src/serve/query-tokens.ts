/** A piece of SQL text between `start` and `end`. Comments and spaces are no tokens. */
export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  text: string;
  start: number;
  end: number;
}

const PATTERNS: [Token['kind'] | 'space' | 'comment', RegExp][] = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*/y],
  // Prefixed text: escapes in E'…' can hold a quote behind a backslash.
  ['string', /[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)/y],
  ['string', /(?:[uU]&|[xXbB])?'(?:[^']|'')*(?:'|$)/y],
  ['string', /\$([A-Za-z_]*)\$[^]*?(?:\$\1\$|$)/y],
  ['quoted', /"(?:[^"]|"")*(?:"|$)/y],
  ['word', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['number', /(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
];

/** Where a block comment that begins at `start` ends; block comments nest. */
function commentEnd(sql: string, start: number): number {
  const edge = /\/\*|\*\//g;
  edge.lastIndex = start;
  let depth = 0;
  for (let found = edge.exec(sql); found; found = edge.exec(sql)) {
    depth += found[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.lastIndex;
  }
  return sql.length;
}

function pieceAt(sql: string, at: number): { kind: Token['kind'] | 'space' | 'comment'; end: number } {
  if (sql.startsWith('/*', at)) return { kind: 'comment', end: commentEnd(sql, at) };
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    if (pattern.test(sql)) return { kind, end: pattern.lastIndex };
  }
  return { kind: 'symbol', end: at + String.fromCodePoint(sql.codePointAt(at)!).length };
}

/** Splits SQL text so that strings, quoted names and comments stay whole. Takes any text; what is wrong the parser says. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length;) {
    const { kind, end } = pieceAt(sql, at);
    if (kind !== 'space' && kind !== 'comment')
      tokens.push({ kind, text: sql.slice(at, end), start: at, end });
    at = end;
  }
  return tokens;
}

/** True for a name, quoted or not. */
export const isName = (token: Token | undefined): token is Token =>
  token?.kind === 'word' || token?.kind === 'quoted';

/** The name that a token means; SQL's names are compared without regard to case. */
export function nameOf(token: Token): string {
  return token.kind === 'quoted' ? token.text.slice(1, -1).replaceAll('""', '"') : token.text;
}

/** True when the tokens from `at` on are these words or symbols, in any case. */
export function matches(tokens: readonly Token[], at: number, ...words: string[]): boolean {
  return words.every((word, i) => {
    const token = tokens[at + i];
    return token !== undefined && token.kind !== 'quoted' && token.text.toLowerCase() === word;
  });
}

/** A dotted name that begins at token `at`: its parts, and the token behind it. */
export function dottedName(
  tokens: readonly Token[],
  at: number,
): { parts: string[]; next: number } | undefined {
  const first = tokens[at];
  if (!isName(first)) return undefined;
  const parts = [nameOf(first)];
  let next = at + 1;
  for (let part = tokens[next + 1]; tokens[next]?.text === '.' && isName(part); part = tokens[next + 1]) {
    parts.push(nameOf(part));
    next += 2;
  }
  return { parts, next };
}
