import { column, sql } from '../../../src/definition/index.ts';
import type { shopWith } from './definitions.ts';

type Change = Parameters<typeof shopWith>[0];
const enrich = (d: Parameters<Change>[0]): Record<string, Record<string, Record<string, unknown>>> =>
  d.silver!.orders as Record<string, Record<string, Record<string, unknown>>>;

/** [what is wrong, how the sound definition becomes so, the whole line of the message]. */
export const PROBLEMS: [hazard: string, change: Change, line: string][] = [
  // References between parts
  [
    'a stream that is not there',
    (d) => (d.realtime!.orders!.from = 'order_event'),
    'realtime.orders.from: no stream named "order_event"; write one of "order_events", "rates"',
  ],
  [
    'a reference that is not there',
    (d) => (d.realtime!.orders!.lookups = { clients: { on: { id: 'customer' } } }),
    'realtime.orders.lookups.clients: no reference named "clients"; write "customers"',
  ],
  [
    'a reference that is not there under an alias',
    (d) => (d.realtime!.orders!.lookups = { buyer: { reference: 'customer', on: { id: 'customer' } } }),
    'realtime.orders.lookups.buyer.reference: no reference named "customer"; write "customers"',
  ],
  [
    'a real-time table that is not there',
    (d) => (d.silver!.log!.from = 'order'),
    'silver.log.from: no real-time table named "order"; write one of "orders", "rates"',
  ],
  [
    'a Silver table that is not there',
    (d) => (d.gold!.by_tier!.from = 'order'),
    'gold.by_tier.from: no Silver table named "order"; write one of "orders", "rates", "log"',
  ],
  [
    'an alert on a Silver table',
    (d) => (d.alerts!.large!.from = 'log'),
    'alerts.large.from: no real-time table named "log"; write one of "rates", "orders"',
  ],
  [
    'an event time that is not there',
    (d) => (d.streams!.rates!.eventTime = 'time'),
    'streams.rates.eventTime: no column named "time"; write "at"',
  ],
  [
    'an event time that may be missing',
    (d) =>
      (d.streams!.rates!.columns = { currency: column.string(), at: column.timestamp({ optional: true }) }),
    'streams.rates.eventTime: the event time is optional; use a required column.timestamp()',
  ],
  [
    'an event time that is text',
    (d) => (d.streams!.rates!.eventTime = 'currency'),
    'streams.rates.eventTime: the event time is string; use a required column.timestamp()',
  ],
  [
    'a version that is not there',
    (d) => (d.realtime!.rates!.version = 'revision'),
    'realtime.rates.version: no column named "revision"; write one of "rate", "currency", "at"',
  ],
  // Keys
  [
    'a key column that may be missing',
    (d) => (enrich(d).key = ['customer'] as never),
    'silver.orders.key: the key column "customer" is optional; make it required: a row without a key cannot be found',
  ],
  [
    'a key of a type that does not compare exactly',
    (d) => (d.silver!.rates!.key = ['rate']),
    'silver.rates.key: the key column "rate" is double; use a column of type string, int, long, date, timestamp, decimal, boolean',
  ],
  [
    'a key that is a list',
    (d) => (d.realtime!.orders!.hotKey = ['lines']),
    'realtime.orders.hotKey: the key column "lines" is array(row("sku" varchar)); use a column of type string, int, long, date, timestamp, decimal, boolean',
  ],
  [
    'a key that is derived',
    (d) => (d.realtime!.orders!.hotKey = ['tier']),
    'realtime.orders.hotKey: "tier" is derived and may be NULL; use required columns of the stream',
  ],
  [
    'a key column that is not there',
    (d) => (d.silver!.rates!.key = ['code']),
    'silver.rates.key: "rates" has no column named "code"; write one of "rate", "at", "currency"',
  ],
  [
    'a key without columns',
    (d) => (d.silver!.rates!.key = []),
    'silver.rates.key: no key column; name the columns that identify a row, or use mode append',
  ],
  [
    'a key column twice',
    (d) => (d.silver!.rates!.key = ['currency', 'currency']),
    'silver.rates.key: "currency" is twice in the key; name it once',
  ],
  [
    'a reference without the key it names',
    (d) => (d.references!.customers!.key = 'nr'),
    'references.customers.key: no column named "nr"; write one of "id", "tier"',
  ],
  [
    'a lookup by a part of the key, which would find several rows',
    (d) => {
      d.references!.customers!.key = ['id', 'tier'];
      d.references!.customers!.columns = { id: column.string(), tier: column.string() };
    },
    'realtime.orders.lookups.customers.on: does not cover the key of "customers"; add "tier": a part of a key finds several rows',
  ],
  [
    'a lookup by a column that is no key',
    (d) => (d.realtime!.orders!.lookups = { customers: { on: { id: 'customer', tier: sql`'gold'` } } }),
    'realtime.orders.lookups.customers.on.tier: "tier" is not in the key of "customers"; write "id"',
  ],
  [
    'a join without the whole key',
    (d) => (enrich(d).joins!.rates!.on = {}),
    'silver.orders.joins.rates.on: does not cover the key of "rates"; add "currency": a part of a key finds several rows',
  ],
  [
    'a join of a table without keys',
    (d) => (enrich(d).joins!.rates!.from = 'log'),
    'silver.orders.joins.rates.from: "log" has mode append and no key; join a table of mode upsert or enrich',
  ],
  // Groups and joins
  [
    'no group that makes the row exist',
    (d) => (enrich(d).groups!.placed!.fact = false),
    'silver.orders.groups: no group has fact: true; set it on the one group whose event makes the row exist',
  ],
  [
    'two groups that make the row exist',
    (d) => (enrich(d).groups!.seen!.fact = true),
    'silver.orders.groups: the groups placed, seen all have fact: true; set it on the one group whose event makes the row exist',
  ],
  [
    'a column in two groups, which would overwrite each other',
    (d) => (enrich(d).groups!.seen!.columns = ['amount']),
    'silver.orders.groups.seen.columns.amount: "amount" is already in the group "placed"; give it another name, or leave one out',
  ],
  [
    'a key column in a group',
    (d) => (enrich(d).groups!.seen!.columns = ['order_id']),
    'silver.orders.groups.seen.columns.order_id: "order_id" is already in the key; give it another name, or leave one out',
  ],
  [
    'a join column under the name of a group column',
    (d) => (enrich(d).joins!.rates!.columns = { amount: 'rate' }),
    'silver.orders.joins.rates.columns.amount: "amount" is already in the group "placed"; give it another name, or leave one out',
  ],
  [
    'a deletion by a group that does not own the row',
    (d) => (enrich(d).groups!.seen!.deleteWhen = sql`amount = 0`),
    'silver.orders.groups.seen.deleteWhen: only the fact group deletes; move it to the group with fact: true',
  ],
  [
    'tables that join each other',
    (d) =>
      (enrich(d).joins!.again = {
        from: 'orders',
        on: { order_id: 'customer' },
        columns: { other: 'amount' },
      }),
    'silver.orders.joins: the joins go in a ring: orders → orders; leave one of them out',
  ],
  [
    'a group that sets nothing',
    (d) => (enrich(d).groups!.seen!.columns = []),
    'silver.orders.groups.seen.columns: no column; choose at least one',
  ],
  [
    'groups whose keys mean different things',
    (d) => {
      d.streams!.rates!.columns = {
        order_id: column.long(),
        at: column.timestamp(),
        currency: column.string(),
      };
      enrich(d).groups!.seen = { from: 'rates', columns: { last_seen: 'at' } };
    },
    'silver.orders.groups.seen.from: "order_id" is bigint here and varchar in "orders"; declare the key alike in both streams',
  ],
  // Names
  [
    'a name in capitals, which Athena would lower',
    (d) => (d.streams!.rates!.columns = { currencyCode: column.string(), at: column.timestamp() }),
    'streams.rates.columns.currencyCode: "currencyCode" is not a name; use lower-case letters, digits and _, beginning with a letter, such as "currency_code"',
  ],
  [
    'a field name in capitals',
    (d) =>
      (d.streams!.rates!.columns = { at: column.timestamp(), x: column.struct({ Sku: column.string() }) }),
    'streams.rates.columns.x.Sku: "Sku" is not a name; use lower-case letters, digits and _, beginning with a letter, such as "sku"',
  ],
  [
    'a name of the system',
    (d) => (d.realtime!.orders!.select = { _ord: sql`amount` }),
    "realtime.orders.select._ord: names that begin with _ are the system's; begin the name with a letter",
  ],
  [
    'a table of the system',
    (d) => (d.realtime!.quarantine = { from: 'rates' }),
    'realtime.quarantine: "quarantine" is a table of the system; choose another name',
  ],
  [
    'a name that is too long for Glue',
    (d) => (d.realtime!['t'.repeat(201)] = { from: 'rates' }),
    `realtime.${'t'.repeat(201)}: a table name of 201 characters; use at most 200`,
  ],
  [
    'a derived column under the name of a stream column',
    (d) => (d.realtime!.orders!.select = { amount: sql`1` }),
    'realtime.orders.select.amount: "amount" is already a column of the stream; give it another name',
  ],
  [
    'a lookup under the name of a stream column, so that x.y would mean two things',
    (d) => (d.realtime!.orders!.lookups = { customer: { reference: 'customers', on: { id: 'customer' } } }),
    'realtime.orders.lookups.customer: "customer" is also a column of the stream; give the lookup another name, and say which reference it is',
  ],
  [
    'a lookup under the name of the rows that rules read',
    (d) => (d.realtime!.orders!.lookups = { batch: { reference: 'customers', on: { id: 'customer' } } }),
    'realtime.orders.lookups.batch: "batch" means something else in rules; choose another name',
  ],
  [
    'a Gold table under the name of a Silver table',
    (d) => (d.gold!.orders = { from: 'orders', groupBy: { tier: 'tier' }, measures: { n: sql`count(*)` } }),
    'gold.orders: "orders" is also a table of silver; give the Gold table another name',
  ],
  [
    'a measure under the name of a group column',
    (d) => (d.gold!.by_tier!.measures = { tier: sql`count(*)` }),
    'gold.by_tier.measures.tier: "tier" is already in groupBy; give it another name, or leave one out',
  ],
  // Types, rules and limits
  [
    'a decimal with too many digits',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp(), x: column.decimal(39, 2) }),
    'streams.rates.columns.x: a decimal of 39 digits; use 1 to 38',
  ],
  [
    'a decimal with more digits after the point than in all',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp(), x: column.list(column.decimal(3, 4)) }),
    'streams.rates.columns.x.element: 4 digits after the point of 3 in all; use 0 to 3',
  ],
  [
    'a rule that no value keeps',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp(), x: column.int({ min: 5, max: 1 }) }),
    'streams.rates.columns.x: from 5 to 1 holds no value; exchange the two',
  ],
  [
    'a list of no values',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp(), x: column.string({ oneOf: [] }) }),
    'streams.rates.columns.x.oneOf: no value is allowed; list the values',
  ],
  [
    'a pattern that RE2 does not know',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp(), x: column.string({ pattern: '(?=a)' }) }),
    'streams.rates.columns.x.pattern: lookaround and back references are no RE2; leave them out',
  ],
  [
    'a retention that Kinesis does not offer',
    (d) => (d.streams!.rates!.retentionHours = 12),
    'streams.rates.retentionHours: 12 is out of range; use a whole number from 24 to 8760',
  ],
  [
    'half a shard',
    (d) => (d.streams!.rates!.shards = 0.5),
    'streams.rates.shards: 0.5 is out of range; use a whole number from 1 to 10000',
  ],
  [
    'a source outside of the folder of the definition',
    (d) => (d.references!.customers!.source = '../customers.csv'),
    'references.customers.source: "../customers.csv" leaves the definition\'s folder; write a path below it',
  ],
  [
    'a source of an unknown format',
    (d) => (d.references!.customers!.source = 'customers.xlsx'),
    'references.customers.source: "customers.xlsx" is of no known format; name a .csv, .ndjson or .parquet file',
  ],
  [
    'a Gold table without groups',
    (d) => (d.gold!.by_tier!.groupBy = {}),
    'gold.by_tier.groupBy: groupBy is empty; name the columns that make a group',
  ],
  // Plain JavaScript
  [
    'a rule that there is not',
    (d) =>
      (d.streams!.rates!.columns = { at: column.timestamp(), x: { ...column.int(), rules: { minimum: 1 } } }),
    'streams.rates.columns.x.minimum: no such rule; write one of "min", "oneOf", "max", "minLength", "pattern", "maxLength"',
  ],
  [
    'a list without a type of its elements',
    (d) =>
      (d.streams!.rates!.columns = { at: column.timestamp(), x: { type: { kind: 'list' }, required: true } }),
    'streams.rates.columns.x: {"type":{"kind":"list"},"required":true} is not a column: column.string(); write a column: column.string()',
  ],
  [
    'a type that there is not',
    (d) =>
      (d.streams!.rates!.columns = { at: column.timestamp(), x: { type: { kind: 'text' }, required: true } }),
    'streams.rates.columns.x: no type "text"; use column.string() and its like',
  ],
  [
    'a key that means nothing',
    (d) => (d.realtime!.orders!.filter = sql`amount > 0`),
    'realtime.orders.filter: no such setting; write one of "from", "where", "select", "hotKey", "lookups", "version", "renamedColumns", or leave it out',
  ],
  [
    'SQL that is text only',
    (d) => (d.realtime!.orders!.where = 'amount > 0'),
    'realtime.orders.where: "amount > 0" is not SQL: sql`…`; write SQL: sql`…`',
  ],
  [
    'a column builder that was not called',
    (d) => (d.streams!.rates!.columns = { at: column.timestamp }),
    'streams.rates.columns.at: a function is not a column: column.string(); write a column: column.string()',
  ],
  [
    'a mode that there is not',
    (d) => (d.silver!.rates!.mode = 'merge'),
    'silver.rates.mode: "merge" is no mode; write one of "upsert", "enrich", "append"',
  ],
  [
    'a stream without columns',
    (d) => delete d.streams!.rates!.columns,
    'streams.rates.columns: nothing is not an object of names; write an object of names',
  ],
  [
    'a way to treat extras that there is not',
    (d) => (d.streams!.rates!.extras = 'drop'),
    'streams.rates.extras: "drop" is no way to treat extras; write one of "keep", "ignore", "quarantine"',
  ],
];
