import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  GetItemCommand,
  QueryCommand,
  type DynamoDBClient,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import { awsError } from './aws-fault.ts';
import { pause, type Backoff, type Pace } from './backoff.ts';
import { TidemarkError } from '../../errors.ts';
import type { Item } from './dynamo-item.ts';

/** Limits of BatchGetItem and BatchWriteItem. */
const GET_AT_ONCE = 100;
const WRITE_AT_ONCE = 25;
const UNPROCESSED: Backoff = { attempts: 10, firstMs: 25, longestMs: 2_000 };

export interface QueryRange {
  pk: string;
  /** Condition on the sort key, `:sk` being `bound`. @default all items of the key */
  sk?: { condition: string; bound: string };
  /** Attributes to read. @default all */
  attributes?: readonly string[];
  /** Items a page. @default as many as DynamoDB gives */
  page?: number;
}

/** One table of DynamoDB, read consistently, without secondary indexes (which never are consistent). */
export class DynamoTable {
  readonly name: string;
  readonly #client: DynamoDBClient;
  readonly #pace: Pace;

  constructor(client: DynamoDBClient, pace: Pace, name: string) {
    this.#client = client;
    this.#pace = pace;
    this.name = name;
  }

  /** The error of a call to this table. */
  error(error: unknown, what: string): TidemarkError {
    return awsError(error, what, { table: this.name });
  }

  async get(key: Item): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.name, Key: key, ConsistentRead: true });
    try {
      return (await this.#client.send(command)).Item;
    } catch (error) {
      throw this.error(error, 'read an item');
    }
  }

  /** In no particular order, without those that are not there. */
  async getAll(keys: readonly Item[]): Promise<Item[]> {
    const found: Item[] = [];
    for (let start = 0; start < keys.length; start += GET_AT_ONCE) {
      let left = keys.slice(start, start + GET_AT_ONCE);
      for (let attempt = 1; left.length > 0; attempt++) {
        if (attempt > 1) await this.#waitForLoad(attempt);
        const command = new BatchGetItemCommand({
          RequestItems: { [this.name]: { Keys: left, ConsistentRead: true } },
        });
        try {
          const answer = await this.#client.send(command);
          found.push(...(answer.Responses?.[this.name] ?? []));
          left = answer.UnprocessedKeys?.[this.name]?.Keys ?? [];
        } catch (error) {
          throw this.error(error, 'read items');
        }
      }
    }
    return found;
  }

  /** Pages of items in ascending order of the sort key. */
  async *pages(range: QueryRange): AsyncGenerator<Item[]> {
    const { pk, sk, attributes, page } = range;
    let from: Item | undefined;
    do {
      const command = new QueryCommand({
        TableName: this.name,
        ConsistentRead: true,
        KeyConditionExpression: sk === undefined ? 'pk = :pk' : `pk = :pk AND ${sk.condition}`,
        ExpressionAttributeValues: {
          ':pk': { S: pk },
          ...(sk === undefined ? {} : { ':sk': { S: sk.bound } }),
        },
        ...projection(attributes),
        ...(page === undefined ? {} : { Limit: page }),
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      });
      try {
        const answer = await this.#client.send(command);
        from = answer.LastEvaluatedKey;
        yield answer.Items ?? [];
      } catch (error) {
        throw this.error(error, 'query items');
      }
    } while (from !== undefined);
  }

  /** Puts and deletes without conditions: each is the same when it is repeated. */
  async writeAll(requests: readonly WriteRequest[]): Promise<void> {
    for (let start = 0; start < requests.length; start += WRITE_AT_ONCE) {
      let left = requests.slice(start, start + WRITE_AT_ONCE);
      for (let attempt = 1; left.length > 0; attempt++) {
        if (attempt > 1) await this.#waitForLoad(attempt);
        try {
          const command = new BatchWriteItemCommand({ RequestItems: { [this.name]: left } });
          left = (await this.#client.send(command)).UnprocessedItems?.[this.name] ?? [];
        } catch (error) {
          throw this.error(error, 'write items');
        }
      }
    }
  }

  /** What a batch leaves unprocessed was refused for load. */
  async #waitForLoad(attempt: number): Promise<void> {
    if (attempt > UNPROCESSED.attempts)
      throw new TidemarkError('throttled', `table ${this.name} takes no more requests`, {
        context: { table: this.name },
      });
    await pause(this.#pace, UNPROCESSED, attempt - 1);
  }
}

/** Names go through placeholders: some are reserved words. */
function projection(attributes: readonly string[] | undefined) {
  if (attributes === undefined) return {};
  return {
    ProjectionExpression: attributes.map((_, i) => `#a${i}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(attributes.map((name, i) => [`#a${i}`, name])),
  };
}
