/** What one shard takes in a second. The service's own: 1,000 records and 1 MiB, partition keys included. */
export interface ThroughputLimits {
  recordsPerSecond: number;
  bytesPerSecond: number;
}

export const SERVICE_THROUGHPUT: ThroughputLimits = { recordsPerSecond: 1000, bytesPerSecond: 1024 * 1024 };

/** A bucket that holds one second's worth and refills evenly. */
export class Throughput {
  readonly #limits: ThroughputLimits;
  #records: number;
  #bytes: number;
  #at: number;

  constructor(limits: ThroughputLimits, now: number) {
    this.#limits = limits;
    this.#records = limits.recordsPerSecond;
    this.#bytes = limits.bytesPerSecond;
    this.#at = now;
  }

  /** Takes one record of `bytes` at `now` (milliseconds); false when the shard has had enough. */
  take(bytes: number, now: number): boolean {
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#records = Math.min(
      this.#limits.recordsPerSecond,
      this.#records + seconds * this.#limits.recordsPerSecond,
    );
    this.#bytes = Math.min(this.#limits.bytesPerSecond, this.#bytes + seconds * this.#limits.bytesPerSecond);
    // A record larger than a second's worth passes when the bucket is full, and is paid for afterwards.
    if (this.#records < 1 || this.#bytes < Math.min(bytes, this.#limits.bytesPerSecond)) return false;
    this.#records -= 1;
    this.#bytes -= bytes;
    return true;
  }
}
