import { tableKey, type TableName } from '../../ports/catalog.ts';
import {
  BIRTH,
  type Claim,
  type ClaimOutcome,
  type Intent,
  type Ledger,
  type Position,
  type ShardRef,
  type ShardState,
} from '../../ports/ledger.ts';
import { checkClaim } from '../../ports/claim.ts';
import { afterPrefix, openStore, type LocalDatabase, type Store } from './database.ts';

const UNBORN: ShardState = { claimed: BIRTH, planVersion: 0, effected: BIRTH };

/** Claims and intents of a local lakehouse. A claim is one durable transaction. */
export class LmdbLedger implements Ledger {
  readonly #database: LocalDatabase;
  readonly #shards: Store<ShardState>;
  /** Key: table, stream, shard, first position of the range. */
  readonly #intents: Store<Intent>;
  /** Key: stream, shard, first position. */
  readonly #attempts: Store<number>;
  readonly #listeners = new Set<(tables: TableName[]) => void>();

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#shards = openStore(database, 'ledger-shards');
    this.#intents = openStore(database, 'ledger-intents');
    this.#attempts = openStore(database, 'ledger-attempts');
  }

  shard(ref: ShardRef): Promise<ShardState> {
    this.#shards.resetReadTxn();
    return Promise.resolve(this.#state(ref));
  }

  shards(stream: string): Promise<({ shard: string } & ShardState)[]> {
    this.#shards.resetReadTxn();
    const range = this.#shards.getRange({ start: [stream], end: afterPrefix([stream]) });
    return Promise.resolve([...range].map(({ key, value }) => ({ shard: key[1]!, ...value })));
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    checkClaim(claim);
    const outcome = await this.#shards.transaction((): ClaimOutcome => {
      const state = this.#state(claim);
      if (state.claimId === claim.claimId && state.claimed === claim.last) return { kind: 'claimed' };
      if (state.claimed !== claim.after || state.planVersion > claim.planVersion)
        return { kind: 'conflict', state };
      for (const intent of claim.intents)
        void this.#intents.put([tableKey(intent.table), intent.stream, intent.shard, intent.first], intent);
      void this.#shards.put([claim.stream, claim.shard], {
        ...state,
        claimed: claim.last,
        claimId: claim.claimId,
        planVersion: claim.planVersion,
      });
      return { kind: 'claimed' };
    });
    if (outcome.kind === 'claimed') {
      await this.#database.flushed;
      const tables = claim.intents.map((i) => i.table);
      for (const listener of this.#listeners) listener(tables);
    }
    return outcome;
  }

  async effect(ref: ShardRef, to: Position): Promise<void> {
    await this.#shards.transaction(() => {
      const state = this.#state(ref);
      if (to > state.effected) void this.#shards.put([ref.stream, ref.shard], { ...state, effected: to });
    });
    await this.#database.flushed;
  }

  intents(table: TableName, ref: ShardRef, from: Position, limit: number): Promise<Intent[]> {
    this.#intents.resetReadTxn();
    const prefix = [tableKey(table), ref.stream, ref.shard];
    const found: Intent[] = [];
    // `first` is above `after`, so everything whose `after` is at or above `from` has its key above `from`.
    for (const { value } of this.#intents.getRange({ start: [...prefix, from], end: afterPrefix(prefix) })) {
      if (value.after < from) continue;
      found.push(value);
      if (found.length >= limit) break;
    }
    return Promise.resolve(found);
  }

  intentShards(table: TableName): Promise<ShardRef[]> {
    this.#intents.resetReadTxn();
    const shards: ShardRef[] = [];
    const prefix = [tableKey(table)];
    const end = afterPrefix(prefix);
    let start = prefix;
    // One seek a shard: from each shard's first key straight behind its last.
    for (;;) {
      const next = [...this.#intents.getKeys({ start, end, limit: 1 })][0];
      if (next === undefined) return Promise.resolve(shards);
      shards.push({ stream: next[1]!, shard: next[2]! });
      start = afterPrefix([next[0]!, next[1]!, next[2]!]);
    }
  }

  async forget(table: TableName, ref: ShardRef, upTo: Position, before: number): Promise<number> {
    const prefix = [tableKey(table), ref.stream, ref.shard];
    return this.#intents.transaction(() => {
      const old = [
        ...this.#intents.getRange({ start: prefix, end: [...prefix, `${upTo}\u{10ffff}`] }),
      ].filter(({ value }) => value.last <= upTo && value.claimedAt < before);
      for (const { key } of old) void this.#intents.remove(key);
      return old.length;
    });
  }

  async countAttempt(ref: ShardRef, first: Position): Promise<number> {
    const key = [ref.stream, ref.shard, first];
    // Committed is enough: what is counted are deaths of the process, not of the machine.
    return this.#attempts.transaction(() => {
      const next = (this.#attempts.get(key) ?? 0) + 1;
      void this.#attempts.put(key, next);
      return next;
    });
  }

  async forgetAttempts(ref: ShardRef, first: Position): Promise<void> {
    await this.#attempts.remove([ref.stream, ref.shard, first]);
  }

  onClaim(listener: (tables: TableName[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #state(ref: ShardRef): ShardState {
    return this.#shards.get([ref.stream, ref.shard]) ?? UNBORN;
  }
}
