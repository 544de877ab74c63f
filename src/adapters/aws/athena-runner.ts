import { createHash } from 'node:crypto';
import {
  GetQueryExecutionCommand,
  paginateGetQueryResults,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
  type AthenaClient,
  type QueryExecution,
} from '@aws-sdk/client-athena';
import { TidemarkError, type ErrorKind } from '../../errors.ts';
import { awsError, faultOf } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';

export interface AthenaRunnerSettings {
  workGroup: string;
  /** @default none: statements name their databases */
  database?: string;
  /** `s3://…/`. @default the workgroup's */
  outputLocation?: string;
  /** How long a statement may take before it is cancelled, milliseconds. @default 30 minutes, Athena's own default */
  withinMs?: number;
}

export interface AthenaStatement {
  sql: string;
  /**
   * Names this execution: the same token with the same text is the same execution, also when the answer to the first
   * request was lost. A statement that is to run again needs another one.
   */
  token: string;
  /** True for MERGE, INSERT and the like: after a failure nobody knows whether it took effect. @default false */
  writes?: boolean;
}

export interface AthenaDone {
  executionId: string;
  scannedBytes: number;
  milliseconds: number;
}

export type AthenaRow = Record<string, string | null>;

/** A full queue, which quotas make of running and waiting statements together. */
const QUEUE: Backoff = { attempts: 10, firstMs: 500, longestMs: 20_000 };
const POLL: Backoff = { attempts: Infinity, firstMs: 250, longestMs: 5_000 };
const THIRTY_MINUTES = 30 * 60_000;
/** How long a cancelled statement may take to end. */
const CANCEL_MS = 60_000;

/** Trino's error names, as Athena puts them in front of its reason. */
const KINDS: readonly [RegExp, ErrorKind][] = [
  [/ICEBERG_COMMIT_ERROR/, 'conflict'],
  [/TABLE_NOT_FOUND|SCHEMA_NOT_FOUND/, 'notFound'],
  [/EXCEEDED_|TOO_MANY_|QUERY_QUEUE|Query exhausted resources/, 'throttled'],
];
/** `AthenaError.ErrorCategory`: 1 system, 2 user, 3 other. */
const OF_THE_USER = 2;

/** Runs statements in Athena, with a bounded wait. */
export class AthenaRunner {
  readonly #client: AthenaClient;
  readonly #pace: Pace;
  readonly #settings: AthenaRunnerSettings;

  constructor(client: AthenaClient, pace: Pace, settings: AthenaRunnerSettings) {
    this.#client = client;
    this.#pace = pace;
    this.#settings = settings;
  }

  /**
   * Runs a statement to its end. When `signal` aborts, or the time is over, it is cancelled.
   *
   * @throws kind `conflict` when another writer committed first (ICEBERG_COMMIT_ERROR); `unknown` when a statement that
   * writes was cancelled or failed by a fault of Athena's; `invalid` when its text is at fault; else `unavailable` or
   * `throttled`
   */
  async run(statement: AthenaStatement, signal?: AbortSignal): Promise<AthenaDone> {
    const executionId = await this.start(statement);
    return this.wait(executionId, statement, signal);
  }

  /** Starts a statement and returns its execution's id, without waiting. */
  async start({ sql, token }: AthenaStatement): Promise<string> {
    const { workGroup, database, outputLocation } = this.#settings;
    const command = new StartQueryExecutionCommand({
      QueryString: sql,
      // 32 to 128 characters.
      ClientRequestToken: createHash('sha256').update(`${token}\n${sql}`).digest('hex'),
      WorkGroup: workGroup,
      ...(database === undefined ? {} : { QueryExecutionContext: { Database: database } }),
      ...(outputLocation === undefined ? {} : { ResultConfiguration: { OutputLocation: outputLocation } }),
    });
    for (let attempt = 1; ; attempt++) {
      try {
        const { QueryExecutionId } = await this.#client.send(command);
        if (QueryExecutionId !== undefined) return QueryExecutionId;
        throw new TidemarkError('internal', 'Athena gave no execution id', { context: { workGroup } });
      } catch (error) {
        if (faultOf(error).fate !== 'throttled' || attempt >= QUEUE.attempts)
          throw awsError(error, 'start a statement in Athena', { workGroup });
        await pause(this.#pace, QUEUE, attempt);
      }
    }
  }

  /** Waits for the end of an execution; see `run`. */
  async wait(
    executionId: string,
    { writes = false }: Pick<AthenaStatement, 'writes'> = {},
    signal?: AbortSignal,
  ): Promise<AthenaDone> {
    const { clock } = this.#pace;
    const deadline = clock.now() + (this.#settings.withinMs ?? THIRTY_MINUTES);
    let cancelledAt: number | undefined;
    for (let poll = 1; ; poll++) {
      const execution = await this.#execution(executionId);
      const state = execution.Status?.State;
      if (state === 'SUCCEEDED') return doneOf(executionId, execution);
      if (state === 'FAILED' || state === 'CANCELLED') throw failure(executionId, execution, writes);
      if (cancelledAt === undefined && (signal?.aborted || clock.now() >= deadline)) {
        await this.cancel(executionId);
        cancelledAt = clock.now();
      }
      if (cancelledAt !== undefined && clock.now() - cancelledAt > CANCEL_MS)
        throw new TidemarkError('unknown', 'a statement in Athena does not end, though it was cancelled', {
          context: { executionId, state },
        });
      await pause(this.#pace, POLL, Math.min(poll, 8));
    }
  }

  /** Asks for an end; a statement that ended before, or ends otherwise meanwhile, is no error. */
  async cancel(executionId: string): Promise<void> {
    try {
      await this.#client.send(new StopQueryExecutionCommand({ QueryExecutionId: executionId }));
    } catch (error) {
      throw awsError(error, 'cancel a statement in Athena', { executionId });
    }
  }

  /** The rows of a finished SELECT: values as Athena writes them. */
  async *rows(executionId: string): AsyncGenerator<AthenaRow> {
    let names: string[] | undefined;
    try {
      const input = { QueryExecutionId: executionId };
      for await (const page of paginateGetQueryResults({ client: this.#client }, input)) {
        const rows = page.ResultSet?.Rows ?? [];
        const columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo?.map((column) => column.Name ?? '');
        // The first row of the first page repeats the names.
        const first = names === undefined ? 1 : 0;
        names ??= columns ?? [];
        for (const row of rows.slice(first))
          yield Object.fromEntries(names.map((name, i) => [name, row.Data?.[i]?.VarCharValue ?? null]));
      }
    } catch (error) {
      throw awsError(error, 'read the rows of a statement', { executionId });
    }
  }

  async #execution(executionId: string): Promise<QueryExecution> {
    try {
      const command = new GetQueryExecutionCommand({ QueryExecutionId: executionId });
      return (await this.#client.send(command)).QueryExecution ?? {};
    } catch (error) {
      throw awsError(error, 'look at a statement in Athena', { executionId });
    }
  }
}

function doneOf(executionId: string, { Statistics }: QueryExecution): AthenaDone {
  return {
    executionId,
    scannedBytes: Statistics?.DataScannedInBytes ?? 0,
    milliseconds: Statistics?.TotalExecutionTimeInMillis ?? 0,
  };
}

function failure(executionId: string, { Status }: QueryExecution, writes: boolean): TidemarkError {
  const reason = Status?.StateChangeReason ?? Status?.AthenaError?.ErrorMessage ?? '';
  const known = KINDS.find(([pattern]) => pattern.test(reason))?.[1];
  const byCategory =
    Status?.AthenaError?.ErrorCategory === OF_THE_USER ? 'invalid' : writes ? 'unknown' : 'unavailable';
  const kind = Status?.State === 'CANCELLED' ? (writes ? 'unknown' : 'unavailable') : (known ?? byCategory);
  return new TidemarkError(kind, `a statement in Athena ended ${Status?.State ?? ''}: ${reason}`, {
    context: {
      executionId,
      category: Status?.AthenaError?.ErrorCategory,
      type: Status?.AthenaError?.ErrorType,
    },
  });
}
