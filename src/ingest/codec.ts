import type { JsonValue } from './codec-json.ts';
import { cut, preview, wellFormed } from './codec-json.ts';

/** Why a record is refused: stable codes, for grouping in the quarantine table. */
export type RefusalReason =
  | 'not_utf8'
  | 'not_json'
  | 'not_object'
  | 'too_large'
  | 'too_deep'
  | 'missing_column'
  | 'unexpected_field'
  | 'wrong_type'
  | 'out_of_range'
  | 'not_in_list'
  | 'too_short'
  | 'too_long'
  | 'pattern'
  | 'bad_timestamp'
  | 'bad_date'
  | 'bad_decimal'
  | 'bad_base64'
  | 'bad_text';

/** What a codec returns instead of canonical text when it refuses; no JSON value is the empty text. */
export const REFUSED = '';

/**
 * Turns a parsed JSON value that is neither null nor absent into the canonical text of its column's type, or
 * says on `at` why not and returns `REFUSED`. One call both validates and writes: what was checked is what is kept.
 */
export type Codec = (value: JsonValue, at: Reading) => string;

/** Unknown fields, in the shape they had in the record. */
export type Extras = Map<string, Extras | JsonValue>;

/** The state of reading one record; one object serves all records of a contract, so that none is allocated. */
export class Reading {
  reason: RefusalReason = 'not_json';
  message = '';
  /** The timestamp that was read last, milliseconds since 1970. */
  millis = 0;
  eventTime = NaN;
  /** Where the codec stands: the column's name, then field names, list positions and map keys. */
  readonly path: (string | number)[] = [];
  extras: Extras | undefined;

  start(): void {
    this.path.length = 0;
    this.eventTime = NaN;
    this.extras = undefined;
  }

  /** Notes the refusal, naming the place and the value. Returns `REFUSED`, so that codecs can `return at.refuse(…)`. */
  refuse(reason: RefusalReason, problem: string, value?: JsonValue): typeof REFUSED {
    this.reason = reason;
    const got = value === undefined ? '' : `, got ${preview(value)}`;
    this.message = wellFormed(`${this.place()}: ${cut(problem)}${got}`);
    return REFUSED;
  }

  /** Keeps an unknown field of the object at `path`. */
  keep(name: string, value: JsonValue): void {
    let into = (this.extras ??= new Map<string, Extras | JsonValue>());
    for (const step of this.path) {
      const key = String(step);
      let next = into.get(key);
      if (!(next instanceof Map)) into.set(key, (next = new Map<string, Extras | JsonValue>()));
      into = next;
    }
    into.set(name, value);
  }

  private place(): string {
    let text = '';
    for (const step of this.path) {
      // A map's key or an unknown field's name may be as long as the record.
      text += typeof step === 'number' ? `[${step}]` : `${text === '' ? '' : '.'}${cut(step)}`;
    }
    return text === '' ? 'record' : text;
  }
}
