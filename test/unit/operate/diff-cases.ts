import { column, sql } from '../../../src/definition/index.ts';
import type { Change } from './shop.ts';

const optional = { optional: true } as const;

/** What one change of the definition says: `kind table column impact effect [allow]`. */
export interface DiffCase {
  name: string;
  change: Change;
  /** Lines that the diff has among others; every breaking one must be named. */
  says: string[];
}

/** The columns of the stream in another order, or with one under another name. */
const columns =
  (
    edit: (
      columns: Record<string, ReturnType<typeof column.string>>,
    ) => Record<string, ReturnType<typeof column.string>>,
  ): Change =>
  (s) =>
    void (s.streams.orders!.columns = edit(s.streams.orders!.columns));

export const DIFF_CASES: DiffCase[] = [
  { name: 'nothing', change: () => undefined, says: [] },
  {
    name: 'a column added',
    change: columns((c) => ({ ...c, city: column.string(optional) })),
    says: [
      'safe | shop_realtime.orders | column added city | city varchar is added as optional; it is NULL in rows that are there already',
      'safe | shop_silver.latest | partial history city | city fills as rows are merged; to have it for earlier rows, load them again from the batch layer',
    ],
  },
  {
    name: 'a measure added',
    change: (s) => void (s.gold!.by_size!.measures.most = sql`max(amount)`),
    says: [
      'safe | shop_gold.by_size | column added most | most integer is added as optional; it is NULL in rows that are there already',
      'safe | shop_gold.by_size | partial history most | most fills as changes touch its groups; a Gold table of another name is computed in full',
    ],
  },
  {
    name: 'a field of a struct added and one widened',
    change: (s) =>
      void (s.streams.orders!.columns.buyer = column.struct(
        { name: column.string(optional), city: column.string(optional), age: column.long(optional) },
        optional,
      )),
    says: [
      'safe | shop_realtime.orders | column added buyer.city | buyer.city is added as optional; it is NULL in rows that are there already',
      'safe | shop_realtime.orders | widened buyer.age | buyer.age becomes bigint; values written as integer are read as bigint',
    ],
  },
  {
    name: 'a column widened',
    change: (s) => void (s.streams.orders!.columns.amount = column.long(optional)),
    says: [
      'safe | shop_realtime.orders | widened amount | amount becomes bigint; values written as integer are read as bigint',
    ],
  },
  {
    name: 'a decimal with more digits',
    change: (s) => void (s.streams.orders!.columns.price = column.decimal(18, 2, optional)),
    says: [
      'safe | shop_silver.facts | widened price | price becomes decimal(18,2); values written as decimal(9,2) are read as decimal(18,2)',
    ],
  },
  {
    name: 'a column made optional',
    change: (s) => {
      s.silver = { latest: s.silver!.latest! };
      s.silver.latest = { mode: 'append', from: 'orders' };
      s.streams.orders!.columns.order_id = column.string(optional);
    },
    says: [
      'safe | shop_realtime.orders | made optional order_id | order_id may be NULL from now on; rows that are there keep their values',
      'breaking | shop_silver.latest | mode changed | the mode becomes append instead of upsert: rows that are there lack the columns by which append finds them, and stay beside the new ones | shop_silver.latest.mode',
      'breaking | shop_silver.latest | key changed | the key becomes none instead of order_id: rows that are there keep their old keys and are not merged with new ones | shop_silver.latest.key',
      'breaking | shop_silver.latest | dropped _deleted | _deleted, a column of the system, is dropped with it | shop_silver.latest.mode',
      'breaking | shop_silver.facts | table gone | nothing is written to the table any more and its view goes; its rows stay | shop_silver.facts.gone',
    ],
  },
  {
    name: 'a column renamed',
    change: (s) => {
      columns(({ note, ...c }) => ({ ...c, remark: { ...note!, renamedFrom: 'note' } }))(s);
      const facts = s.silver!.facts!;
      if (facts.mode !== 'enrich') throw new Error('enrich');
      facts.groups.noted = { from: 'orders', when: sql`remark IS NOT NULL`, columns: ['remark'] };
    },
    says: [
      'safe | shop_realtime.orders | renamed remark | note becomes remark; it keeps its values and its field id. Queries of the earlier name fail',
      'safe | shop_silver.facts | renamed remark | note becomes remark; it keeps its values and its field id. Queries of the earlier name fail',
      'safe | shop_silver.latest | renamed remark | note becomes remark; it keeps its values and its field id. Queries of the earlier name fail',
      'safe | shop_realtime.orders | reordered | the columns stand in another order: SELECT * shows them so; files are read by field id and stay',
    ],
  },
  {
    name: 'a derived column renamed',
    change: (s) => {
      s.realtime.orders!.select = { big: sql`amount > 100` };
      s.realtime.orders!.renamedColumns = { big: 'large' };
      s.silver!.latest!.renamedColumns = { big: 'large' };
      s.gold!.by_size!.groupBy = { large: 'big' };
    },
    says: [
      'safe | shop_realtime.orders | renamed big | large becomes big; it keeps its values and its field id. Queries of the earlier name fail',
      'safe | shop_silver.latest | renamed big | large becomes big; it keeps its values and its field id. Queries of the earlier name fail',
      'breaking | shop_gold.by_size | Gold groups changed | rows become groups of large from latest instead of large from latest: the earlier groups stay beside the new ones and count twice | shop_gold.by_size.groups',
    ],
  },
  {
    name: 'columns reordered',
    change: columns(({ order_id, ...c }) => ({ ...c, order_id: order_id! })),
    says: [
      'safe | shop_realtime.orders | reordered | the columns stand in another order: SELECT * shows them so; files are read by field id and stay',
    ],
  },
  {
    name: 'a comment changed',
    change: (s) => void (s.streams.orders!.columns.note = column.string({ optional: true, doc: 'words' })),
    says: ['safe | shop_realtime.orders | described note | the comment of note changes; nothing else does'],
  },
  {
    name: 'a column dropped',
    change: (s) => {
      columns(({ price: _price, ...c }) => c)(s);
      const facts = s.silver!.facts!;
      if (facts.mode === 'enrich') facts.groups.placed!.columns = ['amount'];
    },
    says: [
      'breaking | shop_realtime.orders | dropped price | price is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten | shop_realtime.orders.drop:price',
      'breaking | shop_silver.latest | dropped price | price is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten | shop_silver.latest.drop:price',
      'breaking | shop_silver.facts | dropped price | price is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten | shop_silver.facts.drop:price',
    ],
  },
  {
    name: 'a field of a struct dropped',
    change: (s) =>
      void (s.streams.orders!.columns.buyer = column.struct({ name: column.string(optional) }, optional)),
    says: [
      'breaking | shop_realtime.orders | dropped buyer.age | buyer.age is dropped: queries that name it fail; its values stay in the files until these are rewritten | shop_realtime.orders.drop:buyer.age',
      'breaking | shop_silver.latest | dropped buyer.age | buyer.age is dropped: queries that name it fail; its values stay in the files until these are rewritten | shop_silver.latest.drop:buyer.age',
    ],
  },
  {
    name: 'an incompatible type',
    change: (s) => void (s.streams.orders!.columns.note = column.int({ optional: true, doc: 'free text' })),
    says: ['realtime.orders', 'silver.latest', 'silver.facts'].map(
      (table) =>
        `breaking | shop_${table} | incompatible type note | note is varchar and would become integer: the column is dropped and another of its name added, NULL in rows that are there already | shop_${table}.type:note`,
    ),
  },
  {
    name: 'a narrower type',
    change: (s) => void (s.streams.orders!.columns.price = column.decimal(7, 2, optional)),
    says: ['realtime.orders', 'silver.latest', 'silver.facts'].map(
      (table) =>
        `breaking | shop_${table} | incompatible type price | price is decimal(9,2) and would become decimal(7,2): the column is dropped and another of its name added, NULL in rows that are there already | shop_${table}.type:price`,
    ),
  },
  {
    name: 'a Silver table gone',
    change: (s) => {
      const { facts: _facts, ...rest } = s.silver!;
      s.silver = rest;
    },
    says: [
      'breaking | shop_silver.facts | table gone | nothing is written to the table any more and its view goes; its rows stay | shop_silver.facts.gone',
    ],
  },
  {
    name: 'a Silver table renamed',
    change: (s) => {
      const { facts, ...rest } = s.silver!;
      s.silver = { ...rest, orders: { ...facts!, renamedFrom: 'facts' } };
    },
    says: [
      'safe | shop_silver.orders | table renamed | shop_silver.facts goes on under this name with all its rows. The earlier name stays where it stood: never drop it with its data, both names share the files',
    ],
  },
  {
    name: 'another key',
    change: (s) => {
      s.silver!.latest = { mode: 'upsert', from: 'orders', key: ['order_id', 'at'] };
    },
    says: [
      'breaking | shop_silver.latest | key changed | the key becomes order_id, at instead of order_id: rows that are there keep their old keys and are not merged with new ones | shop_silver.latest.key',
    ],
  },
  {
    name: 'a group gone and one new',
    change: (s) => {
      const facts = s.silver!.facts!;
      if (facts.mode !== 'enrich') throw new Error('enrich');
      const { noted, ...groups } = facts.groups;
      facts.groups = { ...groups, remarked: noted! };
    },
    says: [
      'breaking | shop_silver.facts | group changed | the group noted is gone: nothing sets its columns any more, and which event set them last is forgotten | shop_silver.facts.group:noted',
      'breaking | shop_silver.facts | group changed | the group remarked now sets note: an older event may overwrite what a newer one of another group set | shop_silver.facts.group:remarked',
      'safe | shop_silver.facts | group changed | the group remarked is new: its columns fill as its events come',
      'breaking | shop_silver.facts | dropped _ord_noted | _ord_noted, a column of the system, is dropped with it | shop_silver.facts.group:noted',
    ],
  },
  {
    name: 'another fact group',
    change: (s) => {
      const facts = s.silver!.facts!;
      if (facts.mode !== 'enrich') throw new Error('enrich');
      facts.groups.placed!.fact = false;
      facts.groups.noted!.fact = true;
    },
    says: [
      'breaking | shop_silver.facts | group changed | the group placed is the one that makes rows exist, or no longer: rows that are there were made by the earlier one and stay as they are | shop_silver.facts.group:placed',
      'breaking | shop_silver.facts | group changed | the group noted is the one that makes rows exist, or no longer: rows that are there were made by the earlier one and stay as they are | shop_silver.facts.group:noted',
    ],
  },
  {
    name: 'other Gold groups',
    change: (s) => void (s.gold!.by_size!.groupBy = { large: 'large', day: sql`date_trunc('day', "at")` }),
    says: [
      'breaking | shop_gold.by_size | Gold groups changed | rows become groups of large, day from latest instead of large from latest: the earlier groups stay beside the new ones and count twice | shop_gold.by_size.groups',
    ],
  },
  {
    name: 'another version',
    change: (s) => void (s.realtime.orders!.version = 'amount'),
    says: [
      'breaking | shop_realtime.orders | version changed | rows are ordered by amount: integer instead of at: timestamp: what is stored cannot be compared with what comes, so an older row may win over a newer one | shop_realtime.orders.version',
    ],
  },
  {
    name: 'another filter',
    change: (s) => void (s.realtime.orders!.where = sql`amount > 5`),
    says: [
      'safe | shop_realtime.orders | rule changed | only rows that come from now on follow the rule; those in the table stay as the earlier rule made them',
    ],
  },
  {
    name: 'another derived expression',
    change: (s) => void (s.realtime.orders!.select!.large = sql`amount > 200`),
    says: [
      'safe | shop_realtime.orders | rule changed | only rows that come from now on follow the rule; those in the table stay as the earlier rule made them',
    ],
  },
  {
    name: 'another contract',
    change: (s) => void (s.streams.orders!.columns.amount = column.int({ optional: true, max: 1000 })),
    says: [
      "safe | shop_realtime.orders | rule changed | the stream's contract changed: only records that come from now on are checked by it",
    ],
  },
  {
    name: 'another Silver condition',
    change: (s) => {
      const facts = s.silver!.facts!;
      if (facts.mode === 'enrich') facts.groups.noted!.when = sql`note <> ''`;
    },
    says: [
      'safe | shop_silver.facts | rule changed | only rows that are merged from now on follow the rule; those in the table stay as the earlier rule made them',
    ],
  },
  {
    name: 'another measure',
    change: (s) => void (s.gold!.by_size!.measures.amount = sql`sum(amount + 0)`),
    says: [
      'safe | shop_gold.by_size | rule changed | only groups that a change touches from now on follow the rule; the others stay as the earlier rule made them',
    ],
  },
];
