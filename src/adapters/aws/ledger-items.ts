import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { TidemarkError } from '../../errors.ts';
import { tableKey, type TableName } from '../../ports/catalog.ts';
import {
  BIRTH,
  type Claim,
  type FileStats,
  type Intent,
  type ShardRef,
  type ShardState,
  type StagedFile,
} from '../../ports/ledger.ts';
import {
  binary,
  binaryOf,
  itemBytes,
  keyOf,
  LARGEST_ITEM_BYTES,
  number,
  numberOf,
  text,
  textOf,
  type Item,
} from './dynamo-item.ts';

/**
 * The ledger's one table. Every key begins with a word that says what the item is:
 *
 * | pk                                    | sk                  | item                                         |
 * |---------------------------------------|---------------------|----------------------------------------------|
 * | shard#<stream>#<shard>                | state               | claimed and effected position, plan version  |
 * | intent#<database.table>#<stream>#<shard> | first position   | one intent                                   |
 * | stream#<stream>                       | <shard>             | registry: every shard that ever claimed      |
 * | table#<database.table>                | <stream>#<shard>    | registry: every shard that had an intent     |
 * | attempt#<stream>#<shard>              | first position      | attempts of a batch                         |
 * | deployment#<lakehouse>                | current             | plan version                                 |
 *
 * Load is spread by shard: the busiest key takes one claim a batch of one shard.
 */
export const LEDGER_TABLE = {
  partitionKey: { name: 'pk', type: 'S' },
  sortKey: { name: 'sk', type: 'S' },
  timeToLiveAttribute: 'expires',
  /** The committer needs no more of a change than its key. */
  streamViewType: 'KEYS_ONLY',
} as const;

/** A filter for the committer's event source mapping: it is woken by new intents and by nothing else. */
export const INTENT_FILTER = {
  eventName: ['INSERT'],
  dynamodb: { Keys: { pk: { S: [{ prefix: 'intent#' }] } } },
} as const;

/** TransactWriteItems takes 100 actions; one moves the shard. */
export const MOST_INTENTS = 99;
/** All items of a TransactWriteItems together. */
const LARGEST_CLAIM_BYTES = 4 * 1024 ** 2;

export const STATE = 'state';
export const shardPk = (ref: ShardRef): string => keyOf('shard', ref.stream, ref.shard);
export const intentPk = (table: TableName, ref: ShardRef): string =>
  keyOf('intent', tableKey(table), ref.stream, ref.shard);
export const streamPk = (stream: string): string => keyOf('stream', stream);
export const tablePk = (table: TableName): string => keyOf('table', tableKey(table));
export const attemptPk = (ref: ShardRef): string => keyOf('attempt', ref.stream, ref.shard);

const INTENT_KEY = /^intent#([^.#]+)\.([^#]+)#/;

/** The table of an intent's key; undefined for another item's. */
export function tableOfIntentKey(pk: string): TableName | undefined {
  const match = INTENT_KEY.exec(pk);
  return match ? { database: match[1]!, table: match[2]! } : undefined;
}

export function stateOf(item: Item | undefined): ShardState {
  if (!item) return { claimed: BIRTH, planVersion: 0, effected: BIRTH };
  return {
    claimed: textOf(item, 'claimed'),
    ...(item.claimId === undefined ? {} : { claimId: textOf(item, 'claimId') }),
    planVersion: numberOf(item, 'planVersion'),
    effected: textOf(item, 'effected'),
  };
}

/**
 * An intent as an item. The file's statistics are compressed: a claim pays for each kilobyte twice, and a wide table's
 * would not fit. Throws `refused` where they do not fit even so: they belong to the commit and cannot be left out.
 */
export function intentItem(intent: Intent, expires: number | undefined): Item {
  const { file, counts } = intent;
  const item: Item = {
    pk: text(intentPk(intent.table, intent)),
    sk: text(intent.first),
    after: text(intent.after),
    last: text(intent.last),
    claimId: text(intent.claimId),
    planVersion: number(intent.planVersion),
    received: number(counts.received),
    written: number(counts.written),
    filtered: number(counts.filtered),
    quarantined: number(counts.quarantined),
    arrivedFrom: number(intent.arrivedFrom),
    arrivedTo: number(intent.arrivedTo),
    claimedAt: number(intent.claimedAt),
    ...(intent.eventFrom === undefined ? {} : { eventFrom: number(intent.eventFrom) }),
    ...(intent.eventTo === undefined ? {} : { eventTo: number(intent.eventTo) }),
    ...(file === undefined ? {} : fileAttributes(file)),
    ...(expires === undefined ? {} : { [LEDGER_TABLE.timeToLiveAttribute]: number(expires) }),
  };
  const bytes = itemBytes(item);
  if (bytes > LARGEST_ITEM_BYTES)
    throw new TidemarkError(
      'refused',
      `the statistics of a file of ${tableKey(intent.table)} are too large`,
      {
        context: { table: tableKey(intent.table), bytes, limit: LARGEST_ITEM_BYTES },
        remedy: 'declare fewer columns in one table',
      },
    );
  return item;
}

function fileAttributes({ uri, schemaId, ...stats }: StagedFile): Item {
  return {
    uri: text(uri),
    schemaId: number(schemaId),
    fileBytes: number(stats.fileSizeBytes),
    stats: binary(deflateRawSync(JSON.stringify(stats))),
  };
}

export function intentOf(table: TableName, ref: ShardRef, item: Item): Intent {
  const { stream, shard } = ref;
  return {
    table,
    stream,
    shard,
    after: textOf(item, 'after'),
    first: textOf(item, 'sk'),
    last: textOf(item, 'last'),
    claimId: textOf(item, 'claimId'),
    planVersion: numberOf(item, 'planVersion'),
    counts: {
      received: numberOf(item, 'received'),
      written: numberOf(item, 'written'),
      filtered: numberOf(item, 'filtered'),
      quarantined: numberOf(item, 'quarantined'),
    },
    arrivedFrom: numberOf(item, 'arrivedFrom'),
    arrivedTo: numberOf(item, 'arrivedTo'),
    claimedAt: numberOf(item, 'claimedAt'),
    ...(item.eventFrom === undefined ? {} : { eventFrom: numberOf(item, 'eventFrom') }),
    ...(item.eventTo === undefined ? {} : { eventTo: numberOf(item, 'eventTo') }),
    ...(item.uri === undefined ? {} : { file: fileOf(item) }),
  };
}

function fileOf(item: Item): StagedFile {
  const stats = JSON.parse(inflateRawSync(binaryOf(item, 'stats')).toString('utf8')) as FileStats;
  return { uri: textOf(item, 'uri'), schemaId: numberOf(item, 'schemaId'), ...stats };
}

/** Throws `refused` for a claim that is too large for one transaction. */
export function checkClaimSize(claim: Claim): void {
  const context = { stream: claim.stream, shard: claim.shard, claimId: claim.claimId };
  if (claim.intents.length > MOST_INTENTS)
    throw new TidemarkError('refused', `a claim of ${claim.intents.length} intents is too large`, {
      context: { ...context, intents: claim.intents.length, limit: MOST_INTENTS },
      remedy: `feed at most ${MOST_INTENTS - 1} real-time tables from one stream, beside its quarantine: a claim is one transaction of DynamoDB, which takes 100 actions`,
    });
}

export function checkClaimBytes(claim: Claim, items: readonly Item[]): void {
  const bytes = items.reduce((sum, item) => sum + itemBytes(item), 0);
  if (bytes > LARGEST_CLAIM_BYTES)
    throw new TidemarkError('refused', `a claim of ${bytes} bytes is too large`, {
      context: { stream: claim.stream, shard: claim.shard, bytes, limit: LARGEST_CLAIM_BYTES },
      remedy: 'feed fewer or narrower tables from one stream',
    });
}
