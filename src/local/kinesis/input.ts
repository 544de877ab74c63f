import { KinesisFault } from './fault.ts';

/** How a protocol carries what JSON cannot: undefined means that `value` is nothing of the kind. */
export interface WireValues {
  bytes(value: unknown): Uint8Array | undefined;
  /** Milliseconds since 1970. */
  timestamp(value: unknown): number | undefined;
}

export interface TextRule {
  min?: number;
  max?: number;
  pattern?: RegExp;
  oneOf?: readonly string[];
}

/**
 * One structure of a request. Reading a member checks it: a wrong type is a `SerializationException`, a broken
 * constraint a `ValidationException` in the service's words.
 */
export class Input {
  readonly #members: Record<string, unknown>;
  readonly #wire: WireValues;
  readonly #path: string;

  constructor(value: unknown, wire: WireValues, path = '') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new KinesisFault('SerializationException', 'Start of structure or map found where not expected.');
    }
    this.#members = value as Record<string, unknown>;
    this.#wire = wire;
    this.#path = path;
  }

  optionalText(name: string, rule: TextRule = {}): string | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw wrongType(name, 'a string');
    if (rule.oneOf?.includes(value) === false) {
      throw this.broken(name, value, `Member must satisfy enum value set: [${rule.oneOf.join(', ')}]`);
    }
    if (rule.min !== undefined && value.length < rule.min) {
      throw this.broken(name, value, `Member must have length greater than or equal to ${rule.min}`);
    }
    if (rule.max !== undefined && value.length > rule.max) {
      throw this.broken(name, value, `Member must have length less than or equal to ${rule.max}`);
    }
    if (rule.pattern?.test(value) === false) {
      throw this.broken(
        name,
        value,
        `Member must satisfy regular expression pattern: ${rule.pattern.source}`,
      );
    }
    return value;
  }

  text(name: string, rule: TextRule = {}): string {
    return this.optionalText(name, rule) ?? this.#missing(name);
  }

  optionalInteger(name: string, min: number, max: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(name, 'an integer');
    if (value < min) throw this.broken(name, value, `Member must have value greater than or equal to ${min}`);
    if (value > max) throw this.broken(name, value, `Member must have value less than or equal to ${max}`);
    return value;
  }

  integer(name: string, min: number, max: number): number {
    return this.optionalInteger(name, min, max) ?? this.#missing(name);
  }

  /** False when absent. */
  flag(name: string): boolean {
    const value = this.#get(name) ?? false;
    if (typeof value !== 'boolean') throw wrongType(name, 'a boolean');
    return value;
  }

  bytes(name: string): Uint8Array {
    const value = this.#get(name);
    if (value === undefined) return this.#missing(name);
    const bytes = this.#wire.bytes(value);
    if (bytes === undefined) throw wrongType(name, 'a blob');
    return bytes;
  }

  /** Milliseconds since 1970. */
  optionalTimestamp(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const time = this.#wire.timestamp(value);
    if (time === undefined) throw wrongType(name, 'a timestamp');
    return time;
  }

  optionalStructure(name: string): Input | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : new Input(value, this.#wire, `${this.#label(name)}.`);
  }

  structures(name: string, min: number, max: number): Input[] {
    return this.#list(name, min, max).map(
      (v, i) => new Input(v, this.#wire, `${this.#label(name)}.${i + 1}.member.`),
    );
  }

  texts(name: string, min: number, max: number): string[] {
    return this.#list(name, min, max).map((value) => {
      if (typeof value !== 'string') throw wrongType(name, 'a list of strings');
      return value;
    });
  }

  optionalTextMap(name: string): Record<string, string> | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) throw wrongType(name, 'a map');
    return Object.fromEntries(
      Object.entries(value as Record<string, unknown>).map(([key, text]) => {
        if (typeof text !== 'string') throw wrongType(name, 'a map of strings');
        return [key, text];
      }),
    );
  }

  /** The fault of a member that breaks `constraint`. */
  broken(name: string, value: string | number | null, constraint: string): KinesisFault {
    const shown = value === null ? 'null' : `'${String(value).slice(0, 200)}'`;
    return new KinesisFault(
      'ValidationException',
      `1 validation error detected: Value ${shown} at '${this.#label(name)}' failed to satisfy constraint: ${constraint}`,
    );
  }

  #list(name: string, min: number, max: number): unknown[] {
    const value = this.#get(name);
    if (value === undefined) return this.#missing(name);
    if (!Array.isArray(value)) throw wrongType(name, 'a list');
    const shown = `[${value.length} members]`;
    if (value.length < min) {
      throw this.broken(name, shown, `Member must have length greater than or equal to ${min}`);
    }
    if (value.length > max)
      throw this.broken(name, shown, `Member must have length less than or equal to ${max}`);
    return value;
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#members, name) ? this.#members[name] : undefined;
    return value ?? undefined;
  }

  #missing(name: string): never {
    throw this.broken(name, null, 'Member must not be null');
  }

  #label(name: string): string {
    return this.#path + name.charAt(0).toLowerCase() + name.slice(1);
  }
}

function wrongType(name: string, expected: string): KinesisFault {
  return new KinesisFault('SerializationException', `${name} is not ${expected}.`);
}
