import { RuleProblem } from './rule-problem.ts';
import { tokenize, type Token } from './sql-tokens.ts';

/** Types by the names that both engines know. */
const CAST_TYPES = new Set([
  'boolean',
  'int',
  'integer',
  'bigint',
  'double',
  'decimal',
  'varchar',
  'date',
  'timestamp',
]);
const INTERVAL_UNITS = new Set(['second', 'minute', 'hour', 'day', 'month', 'year']);
/** Words of DuckDB's grammar that leave no trace in its syntax tree, with what Athena knows instead. */
const REFUSED_WORDS: Readonly<Record<string, string>> = {
  isnull: 'write IS NULL',
  notnull: 'write IS NOT NULL',
  ilike: 'write lower(x) LIKE …',
  glob: 'write LIKE or regexp_like(x, pattern)',
  similar: 'write regexp_like(x, pattern)',
  collate: 'leave the collation out: text compares by its code points',
  try: 'write TRY_CAST, or nullif(x, 0) for a divisor',
  lambda: 'lambdas are not supported',
  select: 'subqueries are not supported; use a lookup, a join or a Gold table',
  over: 'window functions are not supported; use a Gold table',
};
const LITERALS: Readonly<Record<string, { shape: RegExp; remedy: string }>> = {
  date: { shape: /^'\d{4}-\d\d-\d\d'$/, remedy: `write DATE '2013-01-31'` },
  timestamp: {
    shape: /^'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?'$/,
    remedy: `write TIMESTAMP '2013-01-31 10:15:00.000', in UTC, with at most three digits of a second`,
  },
};
const TYPE_WORDS = new Set([
  ...CAST_TYPES,
  ...[
    'char',
    'real',
    'float',
    'smallint',
    'tinyint',
    'time',
    'timestamptz',
    'json',
    'uuid',
    'blob',
    'text',
    'numeric',
  ],
]);

/**
 * Refuses spellings that DuckDB's parser forgives and Athena's does not, before they are lost in the syntax tree.
 * @throws RuleProblem
 */
export function checkSpelling(text: string): void {
  const tokens = tokenize(text);
  if (tokens.length === 0) throw new RuleProblem('is empty', 'write an SQL expression');
  for (const [i, token] of tokens.entries()) {
    if (token.kind !== 'word') continue;
    const word = token.text.toLowerCase();
    const isName = tokens[i - 1]?.text === '.' || tokens[i + 1]?.text === '.';
    const remedy = isName ? undefined : REFUSED_WORDS[word];
    if (remedy !== undefined)
      throw new RuleProblem(`${token.text.toUpperCase()} is not in the subset`, remedy, token.at);
    checkWord(word, token, tokens.slice(i + 1, i + 4), tokens.slice(Math.max(0, i - 2), i));
  }
}

function checkWord(word: string, token: Token, next: Token[], before: Token[]): void {
  const following = next[0];
  if (word === 'as') checkCastType(token, next);
  if (word === 'is') {
    const target = next.map((t) => t.text.toLowerCase()).find((t) => t !== 'not');
    if (target === 'true' || target === 'false' || target === 'unknown') {
      throw new RuleProblem(
        `IS ${target.toUpperCase()} is not in the subset`,
        'write coalesce(x, false), or x IS NOT NULL',
        token.at,
      );
    }
  }
  if (word === 'interval' && following?.kind === 'string') checkInterval(token, next);
  if (following?.kind === 'string' && TYPE_WORDS.has(word)) checkLiteral(word, token, following);
  if (word === 'timestamp' && following?.kind !== 'string' && before.at(-1)?.text.toLowerCase() !== 'as') {
    throw new RuleProblem('TIMESTAMP stands alone', LITERALS.timestamp!.remedy, token.at);
  }
  if (following?.text === '(' && before.at(-1)?.text === '.') {
    throw new RuleProblem(
      `"${before.map((t) => t.text).join('')}${token.text}(…)" calls a method`,
      `write ${token.text}(x)`,
      token.at,
    );
  }
}

function checkCastType(as: Token, next: Token[]): void {
  const type = next[0]?.text.toLowerCase() ?? '';
  const parameter = next[1]?.text === '(' ? next[2]?.text : undefined;
  if (!CAST_TYPES.has(type)) {
    throw new RuleProblem(
      next[0]?.kind === 'word' ? `cannot cast to ${next[0].text}` : 'AS is not followed by a type',
      `use one of boolean, integer, bigint, double, decimal(p, s), varchar, date, timestamp(3); an expression has no alias`,
      as.at,
    );
  }
  if (type === 'timestamp' && parameter !== '3') {
    throw new RuleProblem(
      `timestamp${parameter === undefined ? '' : `(${parameter})`} has another precision in each engine`,
      'write timestamp(3)',
      as.at,
    );
  }
  if (type === 'varchar' && parameter !== undefined) {
    throw new RuleProblem(
      `varchar(${parameter}) cuts text in one engine only`,
      `write varchar, and substr(x, 1, ${parameter}) to cut`,
      as.at,
    );
  }
  if (type === 'decimal' && parameter === undefined) {
    throw new RuleProblem(
      'decimal without digits differs by engine',
      'write decimal(precision, scale)',
      as.at,
    );
  }
}

function checkInterval(token: Token, next: Token[]): void {
  const [amount, unit] = next;
  if (!/^'\d{1,9}'$/.test(amount!.text) || !INTERVAL_UNITS.has(unit?.text.toLowerCase() ?? '')) {
    throw new RuleProblem(
      `INTERVAL ${amount!.text} ${unit?.text ?? ''} is not in the subset`,
      `write INTERVAL '90' MINUTE, with one of ${[...INTERVAL_UNITS].join(', ')}`,
      token.at,
    );
  }
}

function checkLiteral(word: string, token: Token, value: Token): void {
  const known = LITERALS[word];
  if (!known) {
    throw new RuleProblem(
      `${token.text} ${value.text} is not in the subset`,
      `write CAST(${value.text} AS type)`,
      token.at,
    );
  }
  if (!known.shape.test(value.text))
    throw new RuleProblem(`${token.text} ${value.text} is not a literal`, known.remedy, token.at);
}
