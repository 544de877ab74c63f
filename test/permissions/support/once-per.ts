/** Says yes the first `times` times that it is asked for a key. */
export class OncePer {
  readonly #asked = new Map<string, number>();
  readonly #times: number;

  constructor(times = 1) {
    this.#times = times;
  }

  first(...key: string[]): boolean {
    const name = key.join('\n');
    const count = (this.#asked.get(name) ?? 0) + 1;
    this.#asked.set(name, count);
    return count <= this.#times;
  }
}
