import type { UnreferencedLog } from '../src/operate/clean.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { ObjectStore } from '../src/ports/object-store.ts';
import type { Random } from '../src/ports/random.ts';

export interface UnreferencedLogPorts {
  store: ObjectStore;
  clock: Clock;
  random: Random;
}

/** Digits of a time in a name, so that the order of names is the order of times. */
const DIGITS = 15;

/**
 * Since when objects are unnamed, as one object a table. Objects are never replaced: each state has a name of its own,
 * the newest counts, and older ones go. What is lost with one is only time: a file is kept longer.
 */
export class ObjectUnreferencedLog implements UnreferencedLog {
  readonly #ports: UnreferencedLogPorts;
  readonly #prefix: string;

  /** @param prefix URI of a folder that nothing else is in, with a slash at the end */
  constructor(ports: UnreferencedLogPorts, prefix: string) {
    this.#ports = ports;
    this.#prefix = prefix;
  }

  async all(table: string): Promise<Map<string, number>> {
    const newest = (await this.#states(table)).at(-1);
    if (newest === undefined) return new Map();
    const bytes = await this.#ports.store.get(newest);
    return new Map(JSON.parse(Buffer.from(bytes).toString('utf8')) as [string, number][]);
  }

  async set(table: string, since: Map<string, number>): Promise<void> {
    const { store, clock, random } = this.#ports;
    const before = await this.#states(table);
    const time = String(clock.now()).padStart(DIGITS, '0');
    await store.put(
      `${this.#prefix}${table}/${time}-${random.uuid()}.json`,
      Buffer.from(JSON.stringify([...since])),
    );
    for (const uri of before) await store.delete(uri);
  }

  /** Oldest first. */
  async #states(table: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { uri } of this.#ports.store.list(`${this.#prefix}${table}/`)) found.push(uri);
    return found.sort();
  }
}
