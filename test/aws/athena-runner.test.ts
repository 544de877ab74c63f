import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  type QueryExecutionStatus,
} from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { AthenaRunner } from '../../src/adapters/aws/athena-runner.ts';
import { fakePace, serviceError } from './support.ts';

const client = new AthenaClient({ region: 'us-east-1' });
const athena = mockClient(client);
const runner = (withinMs?: number): AthenaRunner =>
  new AthenaRunner(client, fakePace(), {
    workGroup: 'lake',
    ...(withinMs === undefined ? {} : { withinMs }),
  });
const MERGE = { sql: 'MERGE INTO a …', token: 'run-1', writes: true };
const SELECT = { sql: 'SELECT 1', token: 'run-1' };

const ends = (Status: QueryExecutionStatus) => ({ QueryExecution: { Status } });

beforeEach(() => {
  athena.reset();
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'e' });
  athena.on(StopQueryExecutionCommand).resolves({});
});

describe('how a statement ends', () => {
  test('it is waited for', async () => {
    athena
      .on(GetQueryExecutionCommand)
      .resolvesOnce(ends({ State: 'QUEUED' }))
      .resolvesOnce(ends({ State: 'RUNNING' }))
      .resolves({
        QueryExecution: {
          Status: { State: 'SUCCEEDED' },
          Statistics: { DataScannedInBytes: 5, TotalExecutionTimeInMillis: 7 },
        },
      });
    expect(await runner().run(MERGE)).toEqual({ executionId: 'e', scannedBytes: 5, milliseconds: 7 });
  });

  const failures: [string, boolean, QueryExecutionStatus, string][] = [
    [
      'another writer came first',
      true,
      { StateChangeReason: 'ICEBERG_COMMIT_ERROR: Failed to commit' },
      'conflict',
    ],
    ['no such table', false, { StateChangeReason: 'TABLE_NOT_FOUND: line 1:15' }, 'notFound'],
    [
      'too little of everything',
      false,
      { StateChangeReason: 'Query exhausted resources at this scale' },
      'throttled',
    ],
    [
      'a wrong text',
      true,
      { StateChangeReason: 'COLUMN_NOT_FOUND', AthenaError: { ErrorCategory: 2 } },
      'invalid',
    ],
    [
      "Athena's fault, reading",
      false,
      { StateChangeReason: 'x', AthenaError: { ErrorCategory: 1 } },
      'unavailable',
    ],
    [
      "Athena's fault, writing",
      true,
      { StateChangeReason: 'x', AthenaError: { ErrorCategory: 1 } },
      'unknown',
    ],
  ];
  test.each(failures)('%s', async (_name, writes, status, kind) => {
    athena.on(GetQueryExecutionCommand).resolves(ends({ State: 'FAILED', ...status }));
    await expect(runner().run({ ...SELECT, writes })).rejects.toMatchObject({ kind });
  });

  test.each([
    [true, 'unknown'],
    [false, 'unavailable'],
  ])('one that takes too long is cancelled; writes %p: %s', async (writes, kind) => {
    let cancelled = false;
    athena.on(StopQueryExecutionCommand).callsFake(() => {
      cancelled = true;
      return {};
    });
    athena.on(GetQueryExecutionCommand).callsFake(() => ends({ State: cancelled ? 'CANCELLED' : 'RUNNING' }));
    await expect(runner(30_000).run({ ...SELECT, writes })).rejects.toMatchObject({ kind });
    expect(cancelled).toBe(true);
  });

  test('one that succeeds while it is cancelled has succeeded', async () => {
    athena
      .on(GetQueryExecutionCommand)
      .resolvesOnce(ends({ State: 'RUNNING' }))
      .resolves(ends({ State: 'SUCCEEDED' }));
    await expect(runner().run(MERGE, AbortSignal.abort())).resolves.toMatchObject({ executionId: 'e' });
    expect(athena.commandCalls(StopQueryExecutionCommand)).toHaveLength(1);
  });

  test('one that does not end even so is not waited for without end', async () => {
    athena.on(GetQueryExecutionCommand).resolves(ends({ State: 'RUNNING' }));
    await expect(runner(1000).run(SELECT)).rejects.toMatchObject({ kind: 'unknown' });
  });
});

describe('the start', () => {
  test('the same token and text are the same execution; a full queue is waited for', async () => {
    athena
      .on(StartQueryExecutionCommand)
      .rejectsOnce(serviceError('TooManyRequestsException', 400))
      .resolves({ QueryExecutionId: 'e' });
    const of = runner();
    await of.start(MERGE);
    await of.start({ ...MERGE, token: 'run-2' });
    const tokens = athena
      .commandCalls(StartQueryExecutionCommand)
      .map((call) => call.args[0].input.ClientRequestToken ?? '');
    expect(tokens[0]).toBe(tokens[1]);
    expect(tokens[2]).not.toBe(tokens[1]);
    expect(tokens[0]!.length).toBeGreaterThanOrEqual(32);
  });

  test('a refused text is thrown', async () => {
    athena.on(StartQueryExecutionCommand).rejects(serviceError('InvalidRequestException', 400));
    await expect(runner().start(SELECT)).rejects.toMatchObject({ kind: 'invalid' });
  });
});

test('rows come over pages, without the line of names', async () => {
  const row = (...values: (string | undefined)[]) => ({
    Data: values.map((value) => (value === undefined ? {} : { VarCharValue: value })),
  });
  const ResultSetMetadata = { ColumnInfo: ['a', 'b'].map((Name) => ({ Name, Type: 'varchar' })) };
  athena
    .on(GetQueryResultsCommand)
    .resolvesOnce({
      ResultSet: { ResultSetMetadata, Rows: [row('a', 'b'), row('1', undefined)] },
      NextToken: 't',
    })
    .resolves({ ResultSet: { ResultSetMetadata, Rows: [row('2', '')] } });
  const rows = [];
  for await (const one of runner().rows('e')) rows.push(one);
  expect(rows).toEqual([
    { a: '1', b: null },
    { a: '2', b: '' },
  ]);
});
