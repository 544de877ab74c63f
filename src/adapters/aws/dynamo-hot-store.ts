import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { TidemarkError } from '../../errors.ts';
import type { HotItem, HotStore, Row } from '../../ports/effects.ts';
import type { DynamoClients } from './aws-clients.ts';
import { faultOf } from './aws-fault.ts';
import type { Pace } from './backoff.ts';
import { binary, itemBytes, LARGEST_ITEM_BYTES, number, text, textOf, type Item } from './dynamo-item.ts';
import { DynamoTable } from './dynamo-table.ts';
import { eachOf } from './each-of.ts';

export interface DynamoHotStoreSettings {
  /** Its keys are `HOT_TABLE`. */
  tableName: string;
  /** DynamoDB may delete an item this long after it was put, milliseconds. @default never */
  expireAfterMs?: number;
  /** Puts under way at once. @default 32 */
  parallel?: number;
}

/** The hot store's table: `<table>#<key>` → the newest row. */
export const HOT_TABLE = {
  partitionKey: { name: 'pk', type: 'S' },
  timeToLiveAttribute: 'expires',
} as const;

/** Rows above this are compressed: a put pays for each kilobyte. */
const PLAIN_BYTES = 2_048;
const NEWER = 'attribute_not_exists(pk) OR ord < :ord';

/**
 * The latest row by key, each put on the condition that it is newer than what is there: order of arrival and
 * repetition do not matter, so the SDK may repeat.
 *
 * A row that does not fit into an item even compressed is noted without its values, so that one such row does not stop
 * its shard for ever: `get` then throws `refused`.
 */
export class DynamoHotStore implements HotStore {
  readonly #clients: DynamoClients;
  readonly #pace: Pace;
  readonly #settings: DynamoHotStoreSettings;
  readonly #table: DynamoTable;

  constructor(clients: DynamoClients, pace: Pace, settings: DynamoHotStoreSettings) {
    this.#clients = clients;
    this.#pace = pace;
    this.#settings = settings;
    this.#table = new DynamoTable(clients.read, pace, settings.tableName);
  }

  async put(items: HotItem[]): Promise<void> {
    const newest = new Map<string, HotItem>();
    for (const item of items) {
      const pk = hotKey(item.table, item.key);
      if ((newest.get(pk)?.ord ?? '') < item.ord) newest.set(pk, item);
    }
    await eachOf([...newest], this.#settings.parallel ?? 32, ([pk, item]) => this.#putOne(pk, item));
  }

  async get(table: string, key: string): Promise<HotItem | undefined> {
    const item = await this.#table.get({ pk: text(hotKey(table, key)) });
    if (!item) return undefined;
    return { table, key, ord: textOf(item, 'ord'), row: rowOf(item, table, key) };
  }

  async #putOne(pk: string, { ord, row }: HotItem): Promise<void> {
    const keep = this.#settings.expireAfterMs;
    const base: Item = {
      pk: text(pk),
      ord: text(ord),
      ...(keep === undefined
        ? {}
        : { [HOT_TABLE.timeToLiveAttribute]: number(Math.ceil((this.#pace.clock.now() + keep) / 1000)) }),
    };
    const whole = { ...base, ...rowAttributes(row) };
    const Item = itemBytes(whole) <= LARGEST_ITEM_BYTES ? whole : base;
    const values = { ':ord': text(ord) };
    try {
      await this.#clients.read.send(
        new PutItemCommand({
          TableName: this.#settings.tableName,
          Item,
          ConditionExpression: NEWER,
          ExpressionAttributeValues: values,
        }),
      );
    } catch (error) {
      if (faultOf(error).name !== 'ConditionalCheckFailedException')
        throw this.#table.error(error, 'put a row into the hot store');
    }
  }
}

/** The table's name cannot hold a #; the key may: it is the last part. */
function hotKey(table: string, key: string): string {
  return `${table}#${key}`;
}

function rowAttributes(row: Row): Item {
  const json = JSON.stringify(row);
  return json.length <= PLAIN_BYTES ? { row: text(json) } : { packed: binary(deflateRawSync(json)) };
}

function rowOf(item: Item, table: string, key: string): Row {
  const packed = item.packed?.B;
  const json = packed === undefined ? item.row?.S : inflateRawSync(packed).toString('utf8');
  if (json === undefined)
    throw new TidemarkError(
      'refused',
      `the newest row of ${table} for this key is too large for the hot store`,
      {
        context: { table, key, limit: LARGEST_ITEM_BYTES },
        remedy: 'read it from the table',
      },
    );
  return JSON.parse(json) as Row;
}
