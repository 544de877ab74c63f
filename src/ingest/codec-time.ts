import type { Codec } from './codec.ts';

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTE = 60_000;
const DAY = 86_400_000;
/** 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: the years that every engine can write. */
const FIRST_MILLIS = -62135596800000;
const LAST_MILLIS = 253402300799999;
const DATE_LENGTH = 10;
const SEPARATORS = 'Tt ';

const SECONDS_LENGTH = '2013-01-01T10:15:00Z'.length;
const MILLIS_LENGTH = '2013-01-01T10:15:00.000Z'.length;

const DASH = 45;
const POINT = 46;
const COLON = 58;
const ZERO = 48;

/** `YYYY-MM-DD`, a day that exists, years 1 to 9999. */
export const dateCodec: Codec = (value, at) => {
  if (typeof value !== 'string') return at.refuse('wrong_type', 'expected a date as text', value);
  if (value.length !== DATE_LENGTH || Number.isNaN(dayOf(value))) {
    return at.refuse('bad_date', 'expected a day that exists, as YYYY-MM-DD', value);
  }
  return `"${value}"`;
};

/**
 * ISO 8601 with a zone, kept in UTC to the millisecond: `2013-01-01T10:15:00.250Z`, `2013-01-01T10:15+01:00`.
 * A space or `t` may stand for the `T`, `z` for the `Z`; seconds may be left out. Second 60 and hour 24 are refused,
 * and so is a fraction with more than three digits, unless the rest are zeros: nothing is rounded.
 */
export const timestampCodec: Codec = (value, at) => {
  if (typeof value !== 'string') return at.refuse('wrong_type', 'expected a timestamp as text', value);
  const millis = millisOf(value);
  if (Number.isNaN(millis)) {
    return at.refuse('bad_timestamp', 'expected ISO 8601 with a zone and at most milliseconds', value);
  }
  if (millis < FIRST_MILLIS || millis > LAST_MILLIS)
    return at.refuse('out_of_range', 'expected years 1 to 9999', value);
  at.millis = millis;
  // Most come in UTC already and lose only the `Z`; a fraction in full length is not needed.
  const { length } = value;
  if (
    length >= SECONDS_LENGTH &&
    length <= MILLIS_LENGTH &&
    value.endsWith('Z') &&
    value[DATE_LENGTH] === 'T'
  ) {
    return `"${value.slice(0, -1)}"`;
  }
  return `"${new Date(millis).toISOString().slice(0, -1)}"`;
};

/** Milliseconds since 1970 of a timestamp's text, or NaN when it is none. */
export function millisOf(text: string): number {
  const day = dayOf(text);
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  if (!SEPARATORS.includes(text.charAt(DATE_LENGTH)) || text.charCodeAt(13) !== COLON) return NaN;
  if (hour > 23 || hour < 0 || minute > 59 || minute < 0) return NaN;
  let at = 16;
  let millis = 0;
  if (text.charCodeAt(at) === COLON) {
    const second = pair(text, 17);
    if (second > 59 || second < 0) return NaN;
    millis = second * 1000;
    at = 19;
    if (text.charCodeAt(at) === POINT) {
      const end = digitsEnd(text, at + 1);
      if (end === at + 1) return NaN;
      for (let index = at + 4; index < end; index += 1) if (text.charCodeAt(index) !== ZERO) return NaN;
      millis += Number(text.slice(at + 1, Math.min(end, at + 4)).padEnd(3, '0'));
      at = end;
    }
  }
  return day * DAY + (hour * 60 + minute) * MINUTE + millis - offsetOf(text, at);
}

// Milliseconds east of UTC of the zone that stands from `at` to the end of the text, or NaN.
function offsetOf(text: string, at: number): number {
  const sign = text[at];
  if (sign === 'Z' || sign === 'z') return text.length === at + 1 ? 0 : NaN;
  if ((sign !== '+' && sign !== '-') || text.length !== at + 6 || text.charCodeAt(at + 3) !== COLON)
    return NaN;
  const hours = pair(text, at + 1);
  const minutes = pair(text, at + 4);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return NaN;
  return (sign === '-' ? -1 : 1) * (hours * 60 + minutes) * MINUTE;
}

// Days since 1970 of the date at the start of the text, or NaN when there is no such day.
function dayOf(text: string): number {
  const century = pair(text, 0);
  const rest = pair(text, 2);
  const month = pair(text, 5);
  const day = pair(text, 8);
  if (century < 0 || rest < 0 || text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH) return NaN;
  const year = century * 100 + rest;
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DAYS[month - 1]! + (leap ? 1 : 0)) return NaN;
  return daysSince1970(year, month, day);
}

// The proleptic Gregorian calendar in years that begin in March, so that the leap day is the last one.
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

// The two digits at `index` as a number, or -1.
function pair(text: string, index: number): number {
  const tens = text.charCodeAt(index) - ZERO;
  const ones = text.charCodeAt(index + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function digitsEnd(text: string, from: number): number {
  let index = from;
  while (text.charCodeAt(index) >= ZERO && text.charCodeAt(index) <= 57) index += 1;
  return index;
}
