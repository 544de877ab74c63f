import { literal } from './sql-text.ts';

/** The schema that holds the macros: they shadow no function of DuckDB's. */
export const PRELUDE_SCHEMA = 'athena';

/** A function with Athena's semantics in DuckDB. */
export interface Macro {
  name: string;
  sql: string;
  /** What DuckDB's own function does otherwise. */
  why: string;
}

/** One macro; several texts are overloads by number or type of arguments. */
function macro(name: string, why: string, ...overloads: string[]): Macro {
  return { name, why, sql: `CREATE MACRO ${PRELUDE_SCHEMA}.${name}${overloads.join(', ')}` };
}

/** All that Java's `Character.isWhitespace` holds. */
const WHITESPACE = literal(
  '\t\n\u000b\f\r\u001c\u001d\u001e\u001f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000',
);
const trims = (name: string): Macro =>
  macro(name, 'DuckDB trims the space only, Athena every white space', `(s) AS ${name}(s, ${WHITESPACE})`);

/** A text that passes unchanged when it is one that Athena casts, and otherwise becomes one that no engine casts. */
const strict = (name: string, why: string, shape: string, passed = 's'): Macro =>
  macro(
    name,
    why,
    `(s) AS CASE WHEN s IS NULL OR regexp_full_match(s, ${literal(shape)}) THEN ${passed} ELSE 'not a value of the type' END`,
  );

const NUMBER = String.raw`[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)`;
const EXPONENT = '([eE][+-]?[0-9]+)?';
const ISO_DATE = '[0-9]{4}-[0-9]{2}-[0-9]{2}';

/** In order of definition: a macro may use those above it. */
export const PRELUDE: readonly Macro[] = [
  macro(
    'from_utf8',
    'DuckDB names it decode and fails on bytes that are no UTF-8; Athena puts U+FFFD, here they are shown as escapes',
    '(b) AS coalesce(TRY(decode(b)), CAST(b AS VARCHAR))',
  ),
  macro(
    'upper',
    'DuckDB makes ẞ of ß, Athena keeps it',
    `(s) AS replace(upper(replace(s, 'ß', chr(57344))), chr(57344), 'ß')`,
  ),
  trims('trim'),
  trims('ltrim'),
  trims('rtrim'),
  macro(
    'substr',
    'from position 0, from before the beginning or of negative length DuckDB gives text, Athena none',
    `(s, b) AS CASE WHEN s IS NULL OR b IS NULL THEN NULL WHEN b = 0 OR b < -length(s) THEN '' ELSE substr(s, b) END`,
    `(s, b, n) AS CASE WHEN s IS NULL OR b IS NULL OR n IS NULL THEN NULL
       WHEN b = 0 OR n <= 0 OR b < -length(s) THEN '' ELSE substr(s, b, n) END`,
  ),
  macro(
    'split_part',
    'beyond the last part DuckDB gives the empty text, Athena NULL',
    `(s, d, n) AS CASE WHEN n <= len(string_split(s, d)) THEN split_part(s, d, n) END`,
  ),
  macro(
    'greatest',
    'DuckDB leaves NULL out, in Athena one NULL makes the whole NULL',
    '(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN greatest(a, b) END',
    '(a, b, c) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL THEN greatest(a, b, c) END',
    '(a, b, c, d) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL AND d IS NOT NULL THEN greatest(a, b, c, d) END',
  ),
  macro(
    'least',
    'DuckDB leaves NULL out, in Athena one NULL makes the whole NULL',
    '(a, b) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN least(a, b) END',
    '(a, b, c) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL THEN least(a, b, c) END',
    '(a, b, c, d) AS CASE WHEN a IS NOT NULL AND b IS NOT NULL AND c IS NOT NULL AND d IS NOT NULL THEN least(a, b, c, d) END',
  ),
  macro(
    'contains',
    'when the value is not found among NULLs DuckDB says false, Athena NULL',
    `(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL WHEN list_contains(a, x) THEN true
       WHEN len(list_filter(a, lambda y: y IS NULL)) > 0 THEN NULL ELSE false END`,
  ),
  macro(
    'array_join',
    'DuckDB gives NULL for an array of NULLs, Athena the empty text',
    `(a, d) AS CASE WHEN a IS NOT NULL AND d IS NOT NULL THEN coalesce(array_to_string(a, d), '') END`,
  ),
  macro(
    'date_trunc',
    'DuckDB makes a timestamp of a date, in Athena it stays a date',
    '(p, d DATE) AS CAST(date_trunc(p, d) AS DATE)',
    '(p, d TIMESTAMP) AS date_trunc(p, d)',
  ),
  macro(
    '_interval',
    'a unit by name, which DuckDB has only as functions',
    `(p, n) AS CASE p WHEN 'millisecond' THEN to_milliseconds(n) WHEN 'second' THEN to_seconds(n)
       WHEN 'minute' THEN to_minutes(n) WHEN 'hour' THEN to_hours(n) WHEN 'day' THEN to_days(CAST(n AS INTEGER))
       WHEN 'week' THEN to_weeks(CAST(n AS INTEGER)) WHEN 'month' THEN to_months(CAST(n AS INTEGER))
       WHEN 'quarter' THEN to_months(CAST(n * 3 AS INTEGER)) WHEN 'year' THEN to_years(CAST(n AS INTEGER)) END`,
  ),
  macro(
    'date_add',
    'DuckDB has another function of that name, and makes a timestamp of a date',
    '(p, n, d DATE) AS CAST(d + athena._interval(p, n) AS DATE)',
    '(p, n, d TIMESTAMP) AS d + athena._interval(p, n)',
  ),
  macro(
    'date_diff',
    'DuckDB counts boundaries crossed, Athena whole units',
    '(p, a, b) AS date_sub(p, CAST(a AS TIMESTAMP), CAST(b AS TIMESTAMP))',
  ),
  macro(
    'millisecond',
    'DuckDB counts from the minute on, Athena from the second',
    '(t) AS millisecond(t) % 1000',
  ),
  macro(
    'from_iso8601_date',
    'DuckDB casts more spellings',
    `(s) AS CASE WHEN regexp_full_match(s, '${ISO_DATE}') THEN CAST(s AS DATE)
       WHEN s IS NOT NULL THEN error('from_iso8601_date: not YYYY-MM-DD') END`,
  ),
  macro(
    'from_iso8601_timestamp',
    'DuckDB has none; more than three digits of a second are cut',
    `(s) AS CASE WHEN regexp_full_match(s, '${ISO_DATE}T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?(Z|[+-][0-9]{2}:[0-9]{2})?')
       THEN date_trunc('millisecond', CAST(s AS TIMESTAMPTZ))
       WHEN s IS NOT NULL THEN error('from_iso8601_timestamp: not an ISO 8601 timestamp') END`,
  ),
  macro(
    'from_unixtime',
    'DuckDB has none; Athena rounds to milliseconds',
    `(n) AS timezone('UTC', make_timestamp_ms(CAST(floor(n * 1000 + 0.5) AS BIGINT)))`,
  ),
  strict('_int_text', 'DuckDB also casts text with spaces or a fraction', '[+-]?[0-9]+'),
  strict('_decimal_text', 'DuckDB also casts text with spaces', `${NUMBER}${EXPONENT}`),
  strict(
    '_double_text',
    'DuckDB also casts inf and nan in other spellings',
    `${NUMBER}${EXPONENT}|[+-]?(Infinity|NaN)`,
  ),
  strict('_date_text', 'DuckDB also casts other spellings of dates', '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}'),
  strict(
    '_timestamp_text',
    'DuckDB also casts text with T, with a zone and in other spellings; Athena rounds to milliseconds',
    String.raw`[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?)?`,
  ),
];
