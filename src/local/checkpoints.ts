import { openStore, type LocalDatabase, type Store } from '../adapters/local/database.ts';
import type { Position } from '../ports/ledger.ts';
import type { Checkpoints } from './event-source.ts';

interface Checkpoint {
  position: Position;
  ended: boolean;
}

/**
 * Where the event source stands, in the embedded database. A checkpoint lost with a power cut only means that a batch
 * is delivered again.
 */
export class LocalCheckpoints implements Checkpoints {
  readonly #shards: Store<Checkpoint>;

  constructor(database: LocalDatabase) {
    this.#shards = openStore(database, 'checkpoints');
  }

  get(stream: string, shard: string): Promise<Checkpoint | undefined> {
    return Promise.resolve(this.#shards.get([stream, shard]));
  }

  async set(stream: string, shard: string, at: Checkpoint): Promise<void> {
    await this.#shards.put([stream, shard], at);
  }
}
