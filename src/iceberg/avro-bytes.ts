import { TidemarkError } from '../errors.ts';

const utf8 = new TextDecoder();
const HIGH = 0x10000000;

/** Appends Avro's binary forms to a growing buffer. */
export class AvroWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacity = 4096) {
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  /** What was written so far, as a copy. */
  take(): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(0, this.#length));
  }

  /** Avro int and long: zigzag, then base 128, low groups first. */
  long(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'bigint') {
      const small = Number(value);
      if (!Number.isSafeInteger(small) || Math.abs(small) >= 2 ** 51) {
        this.#bigLong(value);
        return;
      }
      this.#smallLong(small);
      return;
    }
    if (!Number.isSafeInteger(value))
      throw new TidemarkError('invalid', 'Not a 64-bit integer', { context: { value } });
    if (Math.abs(value) >= 2 ** 51) {
      this.#bigLong(BigInt(value));
      return;
    }
    this.#smallLong(value);
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value ? 1 : 0;
  }

  float(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeFloatLE(value, this.#length);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#length = this.#buffer.writeDoubleLE(value, this.#length);
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): void {
    this.long(value.length);
    this.raw(value);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.long(length);
    this.#reserve(length);
    this.#length += this.#buffer.write(value, this.#length, 'utf8');
  }

  /** Bytes as they are: Avro `fixed`, or something encoded before. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  #smallLong(value: number): void {
    let rest = value >= 0 ? value * 2 : -value * 2 - 1;
    const buffer = this.#buffer;
    while (rest >= HIGH) {
      buffer[this.#length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      buffer[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[this.#length++] = rest;
  }

  #bigLong(value: bigint): void {
    if (BigInt.asIntN(64, value) !== value) {
      throw new TidemarkError('invalid', 'Not a 64-bit integer', { context: { value: String(value) } });
    }
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 128n) {
      this.#buffer[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#buffer[this.#length++] = Number(rest);
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + count));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Reads Avro's binary forms from a buffer. Throws `corrupt` at its end. */
export class AvroReader {
  readonly #buffer: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#position >= this.#buffer.length;
  }

  /** A number where it is safe, else a bigint. */
  long(): number | bigint {
    let low = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = this.#byte();
      low += (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 28);
    if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    let middle = 0;
    shift = 0;
    do {
      byte = this.#byte();
      middle += (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80 && shift < 28);
    let high = 0;
    if (byte >= 0x80) {
      byte = this.#byte();
      high = byte & 0x7f;
      if (byte >= 0x80) high += (this.#byte() & 0x01) << 7;
    }
    const raw = (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low);
    const value = (raw >> 1n) ^ -(raw & 1n);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  /** A count or length. Throws `corrupt` above 2^53. */
  count(): number {
    const value = this.long();
    if (typeof value === 'number') return value;
    throw new TidemarkError('corrupt', 'A count exceeds 2^53', { context: { value: String(value) } });
  }

  boolean(): boolean {
    return this.#byte() !== 0;
  }

  float(): number {
    return this.#take(4).readFloatLE();
  }

  double(): number {
    return this.#take(8).readDoubleLE();
  }

  /** A view, not a copy: bounds are most of a manifest, so what is kept of it keeps little else alive. */
  bytes(): Uint8Array {
    return this.fixed(this.count());
  }

  fixed(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#take(length);
    return new Uint8Array(buffer, byteOffset, length);
  }

  string(): string {
    return utf8.decode(this.#take(this.count()));
  }

  skip(length: number): void {
    this.#take(length);
  }

  #byte(): number {
    const byte = this.#buffer[this.#position];
    if (byte === undefined) throw truncated();
    this.#position += 1;
    return byte;
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (length < 0 || end > this.#buffer.length) throw truncated();
    const slice = this.#buffer.subarray(this.#position, end);
    this.#position = end;
    return slice;
  }
}

function truncated(): TidemarkError {
  return new TidemarkError('corrupt', 'The Avro data ends before its last value');
}
