import { TidemarkError } from '../errors.ts';

/** One thing that is wrong in a definition. */
export interface Problem {
  /** Where: `realtime.flight_activity.from`. */
  path: string;
  /** What stands there, for programs. */
  value: unknown;
  /** What is wrong with it, after the path: `no stream named "flight_event"`. */
  message: string;
  /** What to do, as an imperative. */
  remedy: string;
}

/** Collects problems, so that a definition is mended in one round. */
export class Problems {
  readonly #found: Problem[] = [];

  add(path: string, value: unknown, message: string, remedy: string): void {
    // A key that several groups share is checked for each.
    if (this.#found.some((p) => p.path === path && p.message === message)) return;
    this.#found.push({ path, value, message, remedy });
  }

  get count(): number {
    return this.#found.length;
  }

  /** @throws TidemarkError kind `invalid` that lists every problem, when there is one; `context.problems` has them as data */
  throwIfAny(name: string): void {
    const problems = this.#found;
    if (problems.length === 0) return;
    const lines = problems.map((p) => `${p.path}: ${p.message}; ${p.remedy}`);
    const many = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
    throw new TidemarkError('invalid', `the lakehouse "${name}" has ${many}\n${lines.join('\n')}`, {
      context: { problems },
      remedy: 'mend the definition at the paths above',
    });
  }
}
