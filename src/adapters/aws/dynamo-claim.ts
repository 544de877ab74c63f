import { createHash } from 'node:crypto';
import { TransactWriteItemsCommand, type CancellationReason } from '@aws-sdk/client-dynamodb';
import { TidemarkError } from '../../errors.ts';
import { BIRTH, type Claim, type ClaimOutcome } from '../../ports/ledger.ts';
import type { DynamoClients } from './aws-clients.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import { number, text, type Item } from './dynamo-item.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { intentPk, shardPk, STATE, stateOf } from './ledger-items.ts';

const ATTEMPTS: Backoff = { attempts: 8, firstMs: 25, longestMs: 1_000 };
/** Cancellation reasons after which the same transaction may succeed. */
const PASSING: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
]);
const CONDITION_FAILED = 'ConditionalCheckFailed';

const MOVE =
  'SET claimed = :last, claimId = :id, planVersion = :plan, effected = if_not_exists(effected, :birth)';
const CHAINS = '(claimed = :after AND planVersion <= :plan)';

/**
 * One TransactWriteItems: moves the shard, on the condition that it stands at `after` under no newer plan, and puts
 * every intent, on the condition that its key is free.
 *
 * Every attempt carries the same ClientRequestToken, made from the claim: DynamoDB answers a repetition within ten
 * minutes with the first one's success and applies it once. What the token does not settle, the shard's state does.
 */
export class DynamoClaim {
  readonly #clients: DynamoClients;
  readonly #pace: Pace;
  readonly #table: DynamoTable;
  readonly #claim: Claim;
  readonly #command: TransactWriteItemsCommand;

  constructor(
    clients: DynamoClients,
    pace: Pace,
    table: DynamoTable,
    claim: Claim,
    intents: readonly Item[],
  ) {
    this.#clients = clients;
    this.#pace = pace;
    this.#table = table;
    this.#claim = claim;
    this.#command = transaction(table.name, claim, intents);
  }

  /** Throws `unknown` when it may yet be applied. */
  async run(): Promise<ClaimOutcome> {
    let ambiguous = false;
    let cause: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS.attempts; attempt++) {
      if (attempt > 1) await pause(this.#pace, ATTEMPTS, attempt - 1);
      try {
        await this.#clients.claim.send(this.#command);
        return { kind: 'claimed' };
      } catch (error) {
        cause = error;
        const fault = faultOf(error);
        const reasons = cancellationReasons(error);
        if (reasons.includes(CONDITION_FAILED)) return this.#afterFailedCondition(error);
        if (reasons.some((reason) => PASSING.has(reason)) || fault.name === 'TransactionInProgressException')
          continue;
        if (fault.fate === 'refused') throw this.#error(error);
        ambiguous ||= fault.fate === 'ambiguous';
      }
    }
    return this.#afterNoAnswer(ambiguous, cause);
  }

  /**
   * The shard does not stand at `after`: somebody else moved it, or this claim did and its answer was lost. Positions
   * never come back, so what stands there now is final for this claim.
   */
  async #afterFailedCondition(cause: unknown): Promise<ClaimOutcome> {
    const outcome = await this.#look();
    if (outcome.kind === 'claimed') return outcome;
    const { claimed, planVersion } = outcome.state;
    if (claimed !== this.#claim.after || planVersion > this.#claim.planVersion) return outcome;
    throw new TidemarkError('corrupt', 'an intent exists already beyond what its shard has claimed', {
      context: this.#context(),
      remedy: 'the ledger was edited or restored in part: restore it whole',
      cause,
    });
  }

  async #afterNoAnswer(ambiguous: boolean, cause: unknown): Promise<ClaimOutcome> {
    if (!ambiguous) throw awsError(cause, 'claim a range', this.#context(), 'throttled');
    const outcome = await this.#look(cause);
    if (outcome.kind === 'claimed' || outcome.state.claimed !== this.#claim.after) return outcome;
    throw this.#unknown(cause);
  }

  /** `claimed` when the shard's last claim is this one, or when others followed and its intent is there. */
  async #look(cause?: unknown): Promise<ClaimOutcome> {
    const { claimId, last, first, intents } = this.#claim;
    try {
      const state = stateOf(await this.#table.get({ pk: text(shardPk(this.#claim)), sk: text(STATE) }));
      if (state.claimId === claimId && state.claimed === last) return { kind: 'claimed' };
      const intent = intents[0];
      if (intent && state.claimed > last) {
        const stored = await this.#table.get({ pk: text(intentPk(intent.table, intent)), sk: text(first) });
        if (stored?.claimId?.S === claimId) return { kind: 'claimed' };
      }
      return { kind: 'conflict', state };
    } catch (error) {
      if (cause === undefined) throw error;
      throw this.#unknown(error);
    }
  }

  #context(): Record<string, unknown> {
    const { stream, shard, claimId, after } = this.#claim;
    return { stream, shard, claimId, after };
  }

  #error(error: unknown): TidemarkError {
    const reasons = cancellationReasons(error);
    // The same token with another content: a claim id was used twice, which is a fault of ours.
    const reused = faultOf(error).name === 'IdempotentParameterMismatchException';
    return awsError(error, 'claim a range', { ...this.#context(), reasons }, reused ? 'internal' : undefined);
  }

  #unknown(cause: unknown): TidemarkError {
    return new TidemarkError('unknown', 'whether a range was claimed is not known', {
      context: this.#context(),
      remedy: 'process the batch again: it is cut by what turns out to be claimed',
      cause,
    });
  }
}

function transaction(table: string, claim: Claim, intents: readonly Item[]): TransactWriteItemsCommand {
  const { claimId, stream, shard, after, first, last, planVersion } = claim;
  const identity = [table, claimId, stream, shard, after, first, last].join('\n');
  return new TransactWriteItemsCommand({
    // At most 36 characters.
    ClientRequestToken: createHash('sha256').update(identity).digest('hex').slice(0, 36),
    TransactItems: [
      {
        Update: {
          TableName: table,
          Key: { pk: text(shardPk(claim)), sk: text(STATE) },
          UpdateExpression: MOVE,
          ConditionExpression: after === BIRTH ? `attribute_not_exists(claimed) OR ${CHAINS}` : CHAINS,
          ExpressionAttributeValues: {
            ':after': text(after),
            ':last': text(last),
            ':id': text(claimId),
            ':plan': number(planVersion),
            ':birth': text(BIRTH),
          },
        },
      },
      ...intents.map((Item) => ({
        Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(pk)' },
      })),
    ],
  });
}

function cancellationReasons(error: unknown): string[] {
  if (faultOf(error).name !== 'TransactionCanceledException') return [];
  const reasons = (error as { CancellationReasons?: CancellationReason[] }).CancellationReasons ?? [];
  return reasons.flatMap(({ Code }) => (Code === undefined || Code === 'None' ? [] : [Code]));
}
