import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { Item } from '../../src/adapters/aws/dynamo-item.ts';
import { DynamoLedger } from '../../src/adapters/aws/dynamo-ledger.ts';
import { intentItem, MOST_INTENTS } from '../../src/adapters/aws/ledger-items.ts';
import type { Claim, Intent } from '../../src/ports/ledger.ts';
import { brokenConnection, fakePace, serviceError, timedOut } from './support.ts';

const at = (n: number): string => String(n).padStart(56, '0');
const RANGE = {
  stream: 'orders',
  shard: 'shardId-000000000000',
  claimId: 'mine',
  after: at(4),
  first: at(5),
  last: at(9),
  planVersion: 2,
};
const INTENT: Intent = {
  ...RANGE,
  table: { database: 'lake_realtime', table: 'orders' },
  counts: { received: 5, written: 5, filtered: 0, quarantined: 0 },
  arrivedFrom: 1,
  arrivedTo: 2,
  claimedAt: 3,
};
const CLAIM: Claim = { ...RANGE, intents: [INTENT] };

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamo = mockClient(client);
const ledger = (): DynamoLedger =>
  new DynamoLedger({ read: client, claim: client }, fakePace(), { tableName: 'ledger' });

function cancelled(...codes: string[]): Error {
  return serviceError('TransactionCanceledException', 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });
}
const STATE_FAILED = cancelled('ConditionalCheckFailed', 'None');

/** The shard's state as the ledger reads it back, and the intent that stands at the claim's first position. */
function stands(claimed: number, claimId: string, planVersion = 2, intentOf?: string): void {
  const state: Item = {
    claimed: { S: at(claimed) },
    claimId: { S: claimId },
    planVersion: { N: String(planVersion) },
    effected: { S: at(0) },
  };
  dynamo.on(GetItemCommand).callsFake((input: { Key: Item }) => {
    if (input.Key.pk?.S?.startsWith('shard#')) return { Item: state };
    return intentOf === undefined ? {} : { Item: intentItem({ ...INTENT, claimId: intentOf }, undefined) };
  });
}

beforeEach(() => {
  dynamo.reset();
  dynamo.on(BatchWriteItemCommand).resolves({});
});

describe('what becomes of a claim', () => {
  type Case = [
    name: string,
    answers: (Error | undefined)[],
    state: Parameters<typeof stands>,
    outcome: object,
  ];
  const cases: Case[] = [
    ['taken at once', [undefined], [4, 'before'], { kind: 'claimed' }],
    [
      'the shard was moved by another',
      [STATE_FAILED],
      [7, 'other'],
      { kind: 'conflict', state: { claimed: at(7) } },
    ],
    [
      'a newer plan claims here',
      [STATE_FAILED],
      [4, 'before', 3],
      { kind: 'conflict', state: { planVersion: 3 } },
    ],
    ['it was ours, and its answer was lost', [timedOut(), STATE_FAILED], [9, 'mine'], { kind: 'claimed' }],
    [
      'it was ours, its answer was lost, and others followed',
      [brokenConnection(), STATE_FAILED],
      [20, 'later', 2, 'mine'],
      { kind: 'claimed' },
    ],
    [
      'others took the same records first, and went on',
      [brokenConnection(), STATE_FAILED],
      [20, 'later', 2, 'theirs'],
      { kind: 'conflict', state: { claimed: at(20) } },
    ],
    [
      'two transactions met',
      [cancelled('TransactionConflict', 'None'), undefined],
      [4, 'b'],
      { kind: 'claimed' },
    ],
    [
      'refused for load inside',
      [cancelled('None', 'ThrottlingError'), undefined],
      [4, 'b'],
      { kind: 'claimed' },
    ],
    [
      'refused for load',
      [serviceError('ThrottlingException', 400), undefined],
      [4, 'b'],
      { kind: 'claimed' },
    ],
    [
      'still under way',
      [serviceError('TransactionInProgressException', 400), undefined],
      [4, 'b'],
      { kind: 'claimed' },
    ],
    [
      'server errors, then taken',
      [serviceError('InternalServerError', 500), undefined],
      [4, 'b'],
      { kind: 'claimed' },
    ],
  ];
  test.each(cases)('%s', async (_name, answers, state, outcome) => {
    stands(...state);
    const on = dynamo.on(TransactWriteItemsCommand);
    for (const answer of answers)
      if (answer) on.rejectsOnce(answer);
      else on.resolvesOnce({});
    expect(await ledger().claim(CLAIM)).toMatchObject(outcome);
    const calls = dynamo.commandCalls(TransactWriteItemsCommand);
    expect(calls).toHaveLength(answers.length);
    const tokens = new Set(calls.map((call) => call.args[0].input.ClientRequestToken));
    expect(tokens.size).toBe(1);
    expect([...tokens][0]?.length).toBeLessThanOrEqual(36);
  });

  const thrown: [string, Error, Parameters<typeof stands>, string][] = [
    ['no answer ever, and the shard stands where it stood', timedOut(), [4, 'before'], 'unknown'],
    ['only ever refused for load', serviceError('ThrottlingException', 400), [4, 'before'], 'throttled'],
    ['a wrong request', serviceError('ValidationException', 400), [4, 'before'], 'invalid'],
    ['no permission', serviceError('AccessDeniedException', 400), [4, 'before'], 'refused'],
    [
      'a claim id used for something else',
      serviceError('IdempotentParameterMismatchException', 400),
      [4, 'b'],
      'internal',
    ],
    [
      'an intent beyond what its shard claimed',
      cancelled('None', 'ConditionalCheckFailed'),
      [4, 'before'],
      'corrupt',
    ],
  ];
  test.each(thrown)('%s: thrown', async (_name, error, state, kind) => {
    stands(...state);
    dynamo.on(TransactWriteItemsCommand).rejects(error);
    await expect(ledger().claim(CLAIM)).rejects.toMatchObject({ kind });
  });

  test('no answer, and the shard cannot be read either: unknown', async () => {
    dynamo.on(TransactWriteItemsCommand).rejects(timedOut());
    dynamo.on(GetItemCommand).rejects(timedOut());
    await expect(ledger().claim(CLAIM)).rejects.toMatchObject({ kind: 'unknown' });
  });

  test('no answer, and the shard has moved on to others: it cannot come any more', async () => {
    stands(30, 'other', 2, 'other');
    dynamo.on(TransactWriteItemsCommand).rejects(timedOut());
    expect(await ledger().claim(CLAIM)).toMatchObject({ kind: 'conflict' });
  });
});

describe('what is sent', () => {
  test('the registries come before the first claim of a shard, and not again', async () => {
    dynamo.on(TransactWriteItemsCommand).resolves({});
    const of = ledger();
    await of.claim(CLAIM);
    expect(dynamo.calls().map((call) => call.args[0].constructor.name)).toEqual([
      'BatchWriteItemCommand',
      'TransactWriteItemsCommand',
    ]);
    await of.claim({ ...CLAIM, claimId: 'next', intents: [{ ...INTENT, claimId: 'next' }] });
    expect(dynamo.commandCalls(BatchWriteItemCommand)).toHaveLength(1);
  });

  test('what a batch leaves unprocessed is sent again', async () => {
    dynamo.on(TransactWriteItemsCommand).resolves({});
    const left = [{ PutRequest: { Item: { pk: { S: 'x' }, sk: { S: 'y' } } } }];
    dynamo
      .on(BatchWriteItemCommand)
      .resolvesOnce({ UnprocessedItems: { ledger: left } })
      .resolves({});
    await ledger().claim(CLAIM);
    expect(dynamo.commandCalls(BatchWriteItemCommand)[1]!.args[0].input.RequestItems).toEqual({
      ledger: left,
    });
  });

  test.each([MOST_INTENTS + 1])('%i intents are too many for one transaction', async (count) => {
    const intents = Array.from({ length: count }, (_, i) => ({
      ...INTENT,
      table: { database: 'd', table: `t${i}` },
    }));
    await expect(ledger().claim({ ...CLAIM, intents })).rejects.toMatchObject({
      kind: 'refused',
      context: { intents: count, limit: MOST_INTENTS },
    });
    expect(dynamo.calls()).toHaveLength(0);
  });
});
