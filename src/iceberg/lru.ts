/** A least-recently-used map bounded by the sum of its values' weights. A value heavier than the bound is not kept. */
export class Lru<V> {
  readonly #limit: number;
  readonly #weigh: (value: V) => number;
  readonly #values = new Map<string, V>();
  #weight = 0;

  constructor(limit: number, weigh: (value: V) => number) {
    this.#limit = limit;
    this.#weigh = weigh;
  }

  get weight(): number {
    return this.#weight;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) {
      // A Map iterates in order of insertion: moved to the end is used last.
      this.#values.delete(key);
      this.#values.set(key, value);
    }
    return value;
  }

  delete(key: string): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#weight -= this.#weigh(value);
  }

  set(key: string, value: V): void {
    this.delete(key);
    const weight = this.#weigh(value);
    if (weight > this.#limit) return;
    this.#values.set(key, value);
    this.#weight += weight;
    for (const [oldest, evicted] of this.#values) {
      if (this.#weight <= this.#limit) break;
      this.#values.delete(oldest);
      this.#weight -= this.#weigh(evicted);
    }
  }
}
