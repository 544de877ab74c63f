import { RuleProblem } from './rule-problem.ts';

export interface Token {
  kind: 'word' | 'quoted' | 'string' | 'number' | 'symbol';
  text: string;
  at: number;
}

const PATTERNS: [Token['kind'] | 'space', RegExp][] = [
  ['space', /\s+/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['string', /'(?:[^']|'')*'/y],
  ['number', /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['symbol', /--|\/\*|\/\/|::|->>|->|:=|=>|==|\*\*|<=|>=|<>|!=|\|\||[-+*/%=<>(),.]/y],
];
/** Symbols that DuckDB knows and Athena does not, or that hide text, with what to write. */
const REFUSED_SYMBOLS: Readonly<Record<string, string>> = {
  '--': 'leave comments out of SQL text',
  '/*': 'leave comments out of SQL text',
  '//': 'write / , which divides integers without remainder in Athena',
  '::': 'write CAST(x AS type)',
  '->': 'lambdas are not supported; derive the value before the stream',
  '->>': 'declare the field as a column of the stream',
  ':=': 'write arguments by position',
  '=>': 'write arguments by position',
  '==': 'write =',
  '**': 'multiply, or derive the value before the stream',
  '[': 'write element_at(x, n)',
  '{': 'write the fields as columns',
  ';': 'write one expression',
};
const MAX_LENGTH = 20_000;

/**
 * Splits an expression into tokens that mean the same in Athena and DuckDB.
 * @throws RuleProblem at the first character or symbol that does not
 */
export function tokenize(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    throw new RuleProblem(`is ${text.length} characters long`, `write at most ${MAX_LENGTH} characters`);
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    if (token.kind !== 'space') tokens.push({ kind: token.kind, text: token.text, at });
    const glued = /[A-Za-z0-9_'"]/.test(text[at + token.text.length] ?? '');
    if (
      glued &&
      (token.kind === 'number' || (token.kind === 'word' && text[at + token.text.length] === "'"))
    ) {
      throw new RuleProblem(
        `"${text.slice(at, at + 20)}" is not a plain literal`,
        "write numbers as 12, 1.5 or 1e0 and text as '…'",
        at,
      );
    }
    if (token.kind === 'number' && !Number.isFinite(Number(token.text))) {
      throw new RuleProblem(`${token.text} is no finite number`, 'write a number below 1.8e308', at);
    }
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(text: string, at: number): { kind: Token['kind'] | 'space'; text: string } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found === undefined) continue;
    const remedy = kind === 'symbol' ? REFUSED_SYMBOLS[found] : undefined;
    if (remedy !== undefined) throw new RuleProblem(`"${found}" is not in the subset`, remedy, at);
    return { kind, text: found };
  }
  const character = String.fromCodePoint(text.codePointAt(at)!);
  const open = character === "'" || character === '"';
  throw new RuleProblem(
    open ? `the quote ${character} is not closed` : `the character "${character}" is not in the subset`,
    REFUSED_SYMBOLS[character] ??
      (open ? 'close it' : `leave it out, or write it inside '…' when it is text`),
    at,
  );
}
