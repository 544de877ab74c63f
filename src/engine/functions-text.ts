import type { FunctionSpec, Parameter } from './function-spec.ts';
import { literal } from './sql-text.ts';
import { BINARY, BOOLEAN, LONG, STRING } from './sql-type.ts';

/** What RE2 and Java's engine read differently, with the way around it. */
const REGEX_TRAPS: [RegExp, string][] = [
  [/\(\?[=!<]/, 'leave out lookaround: DuckDB has none'],
  [/\(\?>|[*+?}]\+/, 'leave out atomic groups and possessive quantifiers'],
  [/\\[1-9]/, 'leave out back references'],
  [
    /(^|[^\\])(\\\\)*\$/,
    String.raw`write \z for the end of the text: $ also matches before a last line break in Athena`,
  ],
  [
    /\\[sSbBpPXRhHvVkGQE]/,
    'write the characters as a class, such as [ \\t]; the engines differ in \\s, \\b and \\p',
  ],
  [/\[[^\]]*(\[|&&)/, 'leave out classes inside classes'],
  [/\(\?[a-z-]*[a-z]/i, 'leave out flags; write both cases, or compare lower(x)'],
];

function regexProblem(pattern: string): string | undefined {
  for (const [trap, remedy] of REGEX_TRAPS) if (trap.test(pattern)) return remedy;
  return regexOf(pattern) ? undefined : 'write a valid regular expression';
}

function regexOf(pattern: string): RegExp | undefined {
  try {
    return new RegExp(pattern.replaceAll('\\z', '$').replaceAll('\\A', '^'), 'u');
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const regex: Parameter = { literal: regexProblem };
const replaced: Parameter = {
  literal: (pattern) =>
    regexProblem(pattern) ??
    (regexOf(pattern)!.test('') ? 'write a pattern that matches at least one character' : undefined),
};
const replacement: Parameter = {
  literal: (text) =>
    /\\|\$(?!\d)|\$\d\d/.test(text) ? 'write plain text and groups as $1 to $9' : undefined,
};
const positive: Parameter = {
  literal: (text) => (/^[1-9]\d{0,5}$/.test(text) ? undefined : 'write a whole number from 1'),
};
const nonEmpty: Parameter = { literal: (text) => (text === '' ? 'write at least one character' : undefined) };
const group: Parameter = { literal: (text) => (/^\d$/.test(text) ? undefined : 'write a group from 0 to 9') };

/** A group that did not take part is NULL in Athena and the empty text in DuckDB. */
const MAY_SKIP_GROUP = /\||\)[?*{]/;
const SKIPPED_GROUP =
  'write a pattern in which every group takes part: without | and without ? or * behind a group';

const groupExists = (args: { literal?: string }[]): string | undefined => {
  const groups = (args[1]!.literal!.match(/(^|[^\\])\((?!\?:)/g) ?? []).length;
  const wanted = Number(args[2]?.literal ?? 0);
  if (wanted > groups) return `the pattern has ${groups} groups`;
  return wanted > 0 && MAY_SKIP_GROUP.test(args[1]!.literal!) ? SKIPPED_GROUP : undefined;
};

/** Functions over text and bytes. */
export const TEXT_FUNCTIONS: Record<string, FunctionSpec> = {
  length: { parameters: ['string'], result: LONG },
  lower: { parameters: ['string'], result: STRING },
  upper: { parameters: ['string'], result: STRING, macro: true },
  trim: { parameters: ['string'], result: STRING, macro: true },
  ltrim: { parameters: ['string'], result: STRING, macro: true },
  rtrim: { parameters: ['string'], result: STRING, macro: true },
  substr: { parameters: ['string', 'integer', 'integer'], optional: 1, result: STRING, macro: true },
  strpos: { parameters: ['string', 'string'], result: LONG },
  replace: {
    parameters: ['string', nonEmpty, 'string'],
    result: STRING,
    duckdb: ([s, a, b]) => `replace(${s}, ${a}, ${b})`,
  },
  reverse: { parameters: ['string'], result: STRING },
  starts_with: { parameters: ['string', 'string'], result: BOOLEAN },
  split_part: { parameters: ['string', nonEmpty, positive], result: STRING, macro: true },
  lpad: { parameters: ['string', positive, nonEmpty], result: STRING },
  rpad: { parameters: ['string', positive, nonEmpty], result: STRING },
  regexp_like: {
    parameters: ['string', regex],
    result: BOOLEAN,
    duckdb: ([s, p]) => `regexp_matches(${s}, ${p})`,
  },
  regexp_extract: {
    parameters: ['string', regex, group],
    optional: 1,
    result: STRING,
    check: groupExists,
    duckdb: ([s, p, g = '0']) =>
      `CASE WHEN regexp_matches(${s}, ${p}) THEN regexp_extract(${s}, ${p}, ${g}) END`,
  },
  regexp_replace: {
    parameters: ['string', replaced, replacement],
    result: STRING,
    check: (args) =>
      /\$\d/.test(args[2]!.literal!) && MAY_SKIP_GROUP.test(args[1]!.literal!) ? SKIPPED_GROUP : undefined,
    duckdb: ([s, p], typed) =>
      `regexp_replace(${s}, ${p}, ${literal(typed[2]!.literal!.replaceAll(/\$(\d)/g, '\\$1'))}, 'g')`,
  },
  to_utf8: { parameters: ['string'], result: BINARY, duckdb: ([s]) => `encode(${s})` },
  md5: { parameters: ['binary'], result: BINARY, duckdb: ([b]) => `unhex(md5(${b}))` },
  sha256: { parameters: ['binary'], result: BINARY, duckdb: ([b]) => `unhex(sha256(${b}))` },
  to_hex: { parameters: ['binary'], result: STRING, duckdb: ([b]) => `hex(${b})` },
};
TEXT_FUNCTIONS.substring = {
  ...TEXT_FUNCTIONS.substr!,
  duckdb: (args) => `athena.substr(${args.join(', ')})`,
};
