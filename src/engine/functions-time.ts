import type { FunctionSpec, Parameter } from './function-spec.ts';
import { oneOf } from './function-spec.ts';
import { literal } from './sql-text.ts';
import { DATE, LONG, STRING, sameType } from './sql-type.ts';
import type { Typed } from './typed.ts';

const DAY_UNITS = ['day', 'week', 'month', 'quarter', 'year'];
const UNITS = ['millisecond', 'second', 'minute', 'hour', ...DAY_UNITS];
const UTC: Parameter = oneOf('UTC');
const zone: Parameter = {
  literal: (text) =>
    /^(UTC|[A-Z][A-Za-z_]+(\/[A-Z][A-Za-z_+-]+)+)$/.test(text)
      ? undefined
      : `write a region such as 'Europe/Berlin'`,
};

/** strftime's spelling of MySQL's format, which Athena has. */
const FORMATS: Readonly<Record<string, string>> = {
  '%Y': '%Y',
  '%m': '%m',
  '%d': '%d',
  '%H': '%H',
  '%i': '%M',
  '%s': '%S',
  '%j': '%j',
  '%%': '%%',
};
const format: Parameter = {
  literal: (text) =>
    (text.match(/%.?/g) ?? []).every((f) => f in FORMATS)
      ? undefined
      : `use only ${Object.keys(FORMATS).join(' ')}`,
};

/** A date has no hours, and Athena refuses to truncate it to them or add them. */
const unitFits =
  (place: number) =>
  (args: Typed[]): string | undefined =>
    args[place]!.type.kind === 'date' && !DAY_UNITS.includes(args[0]!.literal!)
      ? `write one of ${DAY_UNITS.join(', ')}, or cast the date to timestamp(3)`
      : undefined;

const part: FunctionSpec = { parameters: ['day'], result: LONG };
const named = (duckdb: string): FunctionSpec => ({ ...part, duckdb: ([d]) => `${duckdb}(${d})` });
const clock: FunctionSpec = { parameters: ['timestamp'], result: LONG };

/** Functions over dates and timestamps. */
export const TIME_FUNCTIONS: Record<string, FunctionSpec> = {
  date_trunc: {
    parameters: [oneOf(...UNITS), 'day'],
    result: ([, d]) => d!.type,
    check: unitFits(1),
    macro: true,
  },
  date_add: {
    parameters: [oneOf(...UNITS), 'integer', 'day'],
    result: (args) => args[2]!.type,
    check: unitFits(2),
    macro: true,
  },
  date_diff: {
    parameters: [oneOf(...UNITS), 'day', 'day'],
    result: LONG,
    check: (args) =>
      sameType(args[1]!.type, args[2]!.type)
        ? unitFits(1)(args)
        : 'both must be date or both timestamp; cast one of them',
    macro: true,
  },
  year: part,
  quarter: part,
  month: part,
  week: part,
  day: part,
  day_of_week: named('isodow'),
  day_of_month: named('day'),
  day_of_year: named('dayofyear'),
  hour: clock,
  minute: clock,
  second: clock,
  millisecond: { ...clock, macro: true },
  last_day_of_month: { parameters: ['day'], result: DATE, duckdb: ([d]) => `last_day(${d})` },
  date_format: {
    parameters: ['timestamp', format],
    result: STRING,
    duckdb: ([t], typed) =>
      `strftime(${t}, ${literal(typed[1]!.literal!.replaceAll(/%./g, (f) => FORMATS[f]!))})`,
  },
  from_iso8601_date: { parameters: ['string'], result: DATE, macro: true },
  from_iso8601_timestamp: { parameters: ['string'], result: { kind: 'instant' }, macro: true },
  from_unixtime: { parameters: ['double'], result: { kind: 'instant' }, macro: true },
  with_timezone: {
    parameters: ['timestamp', UTC],
    result: { kind: 'instant' },
    duckdb: ([t]) => `timezone('UTC', ${t})`,
  },
  at_timezone: {
    parameters: ['instant', zone],
    result: { kind: 'zoned' },
    duckdb: ([t, z]) => `timezone(${z}, ${t})`,
  },
};

/** Fields of `extract(field FROM x)` and the function each is. */
export const EXTRACT_FIELDS: Readonly<Record<string, string>> = Object.fromEntries(
  ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'].map((f) => [f, f]),
);
