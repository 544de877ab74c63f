/** Mulberry32: a failing run can be had again by its seed. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Dice {
  /** A whole number in [0, n). */
  below(n: number): number;
  pick<T>(of: readonly T[]): T;
  chance(share: number): boolean;
}

export function dice(seed: number): Dice {
  const next = seeded(seed);
  const below = (n: number): number => Math.floor(next() * n);
  return { below, pick: (of) => of[below(of.length)]!, chance: (share) => next() < share };
}

/** The seed that a variable of the environment names, or a new one. */
export function seedFrom(variable: string): number {
  return Number(process.env[variable] ?? Math.floor(Math.random() * 2 ** 31));
}
