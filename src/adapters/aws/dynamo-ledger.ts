import { UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { TableName } from '../../ports/catalog.ts';
import { checkClaim } from '../../ports/claim.ts';
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
import type { DynamoClients } from './aws-clients.ts';
import { faultOf } from './aws-fault.ts';
import type { Pace } from './backoff.ts';
import { DynamoClaim } from './dynamo-claim.ts';
import { keyOf, number, numberOf, text, textOf } from './dynamo-item.ts';
import { DynamoTable } from './dynamo-table.ts';
import {
  attemptPk,
  checkClaimBytes,
  checkClaimSize,
  intentItem,
  intentOf,
  intentPk,
  LEDGER_TABLE,
  shardPk,
  STATE,
  stateOf,
  streamPk,
  tablePk,
} from './ledger-items.ts';

export interface DynamoLedgerSettings {
  /** Its keys are `LEDGER_TABLE`. */
  tableName: string;
  /**
   * DynamoDB may delete intents this long after their claim, milliseconds. It does not look whether they are committed:
   * what it deletes uncommitted is lost, so this must exceed any time a committer may stand still.
   * @default never: `forget` removes them
   */
  expireIntentsAfterMs?: number;
}

/** Counted attempts are forgotten when no stream can hold their records any more: 365 days of Kinesis, and some. */
const ATTEMPTS_KEPT_S = 400 * 86_400;
/** Intents a page while old ones are looked for. */
const FORGET_PAGE = 500;
/** Intents a page at most; DynamoDB itself ends a page at 1 MB. */
const LARGEST_PAGE = 1_000;

/** Claims and intents in one DynamoDB table: see `LEDGER_TABLE` for its keys and `DynamoClaim` for a claim. */
export class DynamoLedger implements Ledger {
  readonly #clients: DynamoClients;
  readonly #pace: Pace;
  readonly #settings: DynamoLedgerSettings;
  readonly #table: DynamoTable;
  /** What this process knows to be in the registries; they only grow. */
  readonly #registered = new Set<string>();
  readonly #listeners = new Set<(tables: TableName[]) => void>();

  constructor(clients: DynamoClients, pace: Pace, settings: DynamoLedgerSettings) {
    this.#clients = clients;
    this.#pace = pace;
    this.#settings = settings;
    this.#table = new DynamoTable(clients.read, pace, settings.tableName);
  }

  async shard(ref: ShardRef): Promise<ShardState> {
    return stateOf(await this.#table.get({ pk: text(shardPk(ref)), sk: text(STATE) }));
  }

  async shards(stream: string): Promise<({ shard: string } & ShardState)[]> {
    const names: string[] = [];
    for await (const page of this.#table.pages({ pk: streamPk(stream) }))
      names.push(...page.map((item) => textOf(item, 'sk')));
    const keys = names.map((shard) => ({ pk: text(shardPk({ stream, shard })), sk: text(STATE) }));
    const states = new Map(
      (await this.#table.getAll(keys)).map((item) => [textOf(item, 'pk'), stateOf(item)]),
    );
    return names.flatMap((shard) => {
      const state = states.get(shardPk({ stream, shard }));
      return state ? [{ shard, ...state }] : [];
    });
  }

  async claim(claim: Claim): Promise<ClaimOutcome> {
    checkClaim(claim);
    checkClaimSize(claim);
    const keep = this.#settings.expireIntentsAfterMs;
    const items = claim.intents.map((intent) =>
      intentItem(intent, keep === undefined ? undefined : Math.ceil((intent.claimedAt + keep) / 1000)),
    );
    checkClaimBytes(claim, items);
    // Before the claim: an intent whose shard is not registered would never be found.
    await this.#register(
      claim,
      claim.intents.map((intent) => intent.table),
    );
    const outcome = await new DynamoClaim(this.#clients, this.#pace, this.#table, claim, items).run();
    if (outcome.kind === 'claimed') {
      const tables = claim.intents.map((intent) => intent.table);
      for (const listener of this.#listeners) listener(tables);
    }
    return outcome;
  }

  async effect(ref: ShardRef, to: Position): Promise<void> {
    await this.#register(ref, []);
    await this.#update({
      TableName: this.#table.name,
      Key: { pk: text(shardPk(ref)), sk: text(STATE) },
      UpdateExpression:
        'SET effected = :to, claimed = if_not_exists(claimed, :birth), planVersion = if_not_exists(planVersion, :zero)',
      ConditionExpression: 'attribute_not_exists(effected) OR effected < :to',
      ExpressionAttributeValues: { ':to': text(to), ':birth': text(BIRTH), ':zero': number(0) },
    });
  }

  async intents(table: TableName, ref: ShardRef, from: Position, limit: number): Promise<Intent[]> {
    const found: Intent[] = [];
    if (limit <= 0) return found;
    // `first` is above `after`, so everything whose `after` is at or above `from` has its key above `from`; one more
    // may have: the range that contains `from`.
    const range = { pk: intentPk(table, ref), sk: { condition: 'sk > :sk', bound: from } };
    for await (const page of this.#table.pages({ ...range, page: Math.min(limit + 1, LARGEST_PAGE) }))
      for (const item of page) {
        if (textOf(item, 'after') < from) continue;
        found.push(intentOf(table, ref, item));
        if (found.length >= limit) return found;
      }
    return found;
  }

  async intentShards(table: TableName): Promise<ShardRef[]> {
    const refs: ShardRef[] = [];
    for await (const page of this.#table.pages({ pk: tablePk(table) }))
      for (const item of page) {
        const [stream, shard] = textOf(item, 'sk').split('#');
        refs.push({ stream: stream ?? '', shard: shard ?? '' });
      }
    return refs;
  }

  async forget(table: TableName, ref: ShardRef, upTo: Position, before: number): Promise<number> {
    const pk = intentPk(table, ref);
    let forgotten = 0;
    const range = {
      pk,
      sk: { condition: 'sk <= :sk', bound: upTo },
      attributes: ['sk', 'last', 'claimedAt'],
      page: FORGET_PAGE,
    };
    for await (const page of this.#table.pages(range)) {
      const old = page.filter((item) => textOf(item, 'last') <= upTo && numberOf(item, 'claimedAt') < before);
      await this.#table.writeAll(
        old.map((item) => ({ DeleteRequest: { Key: { pk: text(pk), sk: text(textOf(item, 'sk')) } } })),
      );
      forgotten += old.length;
      // A shard is claimed in order of position, so what comes later was claimed later, but for the clocks' difference;
      // what that hides goes at a later call. Reading on would read everything that is kept, each time.
      if (old.length === 0) break;
    }
    return forgotten;
  }

  /** A repetition by the SDK may count one attempt twice: a batch is then taken in smaller parts one attempt earlier. */
  async countAttempt(ref: ShardRef, first: Position): Promise<number> {
    const expires = Math.ceil(this.#pace.clock.now() / 1000) + ATTEMPTS_KEPT_S;
    const counted = await this.#update({
      TableName: this.#table.name,
      Key: { pk: text(attemptPk(ref)), sk: text(first) },
      UpdateExpression: 'SET #expires = :expires ADD attempts :one',
      ExpressionAttributeNames: { '#expires': LEDGER_TABLE.timeToLiveAttribute },
      ExpressionAttributeValues: { ':one': number(1), ':expires': number(expires) },
      ReturnValues: 'UPDATED_NEW',
    });
    return numberOf(counted ?? {}, 'attempts');
  }

  forgetAttempts(ref: ShardRef, first: Position): Promise<void> {
    const Key = { pk: text(attemptPk(ref)), sk: text(first) };
    return this.#table.writeAll([{ DeleteRequest: { Key } }]);
  }

  /** Hears claims of this process only; in the cloud the table's stream wakes the committer (`tablesOfStreamEvent`). */
  onClaim(listener: (tables: TableName[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Updates that are monotone or count, and so may be repeated. A condition that fails means: nothing to do. */
  async #update(input: UpdateItemCommandInput) {
    try {
      return (await this.#clients.read.send(new UpdateItemCommand(input))).Attributes;
    } catch (error) {
      if (faultOf(error).name === 'ConditionalCheckFailedException') return undefined;
      throw this.#table.error(error, 'update an item');
    }
  }

  async #register(ref: ShardRef, tables: readonly TableName[]): Promise<void> {
    const { stream, shard } = ref;
    const missing = [
      { pk: streamPk(stream), sk: keyOf(shard) },
      ...tables.map((table) => ({ pk: tablePk(table), sk: keyOf(stream, shard) })),
    ].filter(({ pk, sk }) => !this.#registered.has(`${pk}\n${sk}`));
    if (missing.length === 0) return;
    await this.#table.writeAll(
      missing.map(({ pk, sk }) => ({ PutRequest: { Item: { pk: text(pk), sk: text(sk) } } })),
    );
    for (const { pk, sk } of missing) this.#registered.add(`${pk}\n${sk}`);
  }
}
