import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  BIRTH,
  type Claim,
  type Intent,
  type Ledger,
  type Position,
  type StagedFile,
} from '../../src/ports/ledger.ts';

export interface LedgerUnderTest {
  ledger: Ledger;
  close(): Promise<void>;
}

const TABLE = { database: 'lake_realtime', table: 'orders' };
const REF = { stream: 'orders', shard: 'shardId-000000000000' };
const at = (n: number): Position => String(n).padStart(56, '0');

function claim(id: string, after: number, first: number, last: number, change: Partial<Claim> = {}): Claim {
  const range = { ...REF, claimId: id, after: at(after), first: at(first), last: at(last), planVersion: 1 };
  const counts = { received: 1, written: 1, filtered: 0, quarantined: 0 };
  const intent: Intent = { ...range, table: TABLE, counts, arrivedFrom: 0, arrivedTo: 0, claimedAt: 0 };
  return { ...range, intents: [intent], ...change };
}

/** The laws of `src/ports/ledger.ts`. */
export function ledgerContract(name: string, open: () => Promise<LedgerUnderTest>): void {
  describe(`ledger: ${name}`, () => {
    let it: LedgerUnderTest;
    let ledger: Ledger;
    beforeEach(async () => {
      it = await open();
      ledger = it.ledger;
    });
    afterEach(() => it.close());

    test('a new shard stands at its birth', async () => {
      expect(await ledger.shard(REF)).toMatchObject({ claimed: BIRTH, effected: BIRTH, planVersion: 0 });
    });

    test('a claim moves the shard and stores its intents', async () => {
      expect(await ledger.claim(claim('a', 0, 5, 9))).toEqual({ kind: 'claimed' });
      expect(await ledger.shard(REF)).toMatchObject({ claimed: at(9), planVersion: 1 });
      expect(await ledger.intents(TABLE, REF, BIRTH, 10)).toMatchObject([{ first: at(5), last: at(9) }]);
      expect(await ledger.intentShards(TABLE)).toEqual([REF]);
      expect(await ledger.shards(REF.stream)).toMatchObject([{ shard: REF.shard, claimed: at(9) }]);
    });

    test('an intent comes back as it was claimed, with its file', async () => {
      const made = claim('a', 0, 5, 9);
      const file: StagedFile = {
        uri: 's3://lake/_staged/a b%20ü.parquet',
        schemaId: 2,
        recordCount: 1,
        fileSizeBytes: 2 ** 40,
        columnSizes: { 1: 10, 1000: 3 },
        valueCounts: { 1: 1 },
        nullCounts: { 1: 0 },
        nanCounts: {},
        lowerBounds: { 1: 'AAAA', 2: '' },
        upperBounds: { 1: '////' },
        splitOffsets: [4, 2 ** 33],
      };
      made.intents[0] = {
        ...made.intents[0]!,
        file,
        eventFrom: -1,
        eventTo: Date.UTC(9999, 0),
        arrivedTo: 0.5,
      };
      const quarantine = { ...made.intents[0], table: { database: 'lake_ops', table: 'quarantine' } };
      await ledger.claim({ ...made, intents: [...made.intents, quarantine] });
      expect(await ledger.intents(TABLE, REF, BIRTH, Number.MAX_SAFE_INTEGER)).toEqual(made.intents);
      expect(await ledger.intents(quarantine.table, REF, BIRTH, 1)).toEqual([quarantine]);
    });

    test('shards are known by stream and by table, also those of names that begin alike', async () => {
      const other = { stream: 'orders', shard: 'shardId-000000000001' };
      const alike = { stream: 'orders2', shard: REF.shard };
      for (const ref of [REF, other, alike]) {
        const made = claim(`at ${ref.stream} ${ref.shard}`, 0, 1, 2, ref);
        await ledger.claim({ ...made, intents: made.intents.map((intent) => ({ ...intent, ...ref })) });
      }
      expect((await ledger.shards('orders')).map((s) => s.shard).sort()).toEqual([REF.shard, other.shard]);
      const refs = await ledger.intentShards(TABLE);
      expect(refs.map((r) => `${r.stream} ${r.shard}`).sort()).toEqual(
        [REF, other, alike].map((r) => `${r.stream} ${r.shard}`).sort(),
      );
      expect(await ledger.intentShards({ ...TABLE, table: 'order' })).toEqual([]);
    });

    test('a range is claimed once: a claim that does not chain stores nothing', async () => {
      await ledger.claim(claim('a', 0, 5, 9));
      for (const late of [claim('b', 0, 5, 9), claim('c', 8, 9, 12), claim('d', 10, 11, 12)]) {
        expect(await ledger.claim(late)).toMatchObject({ kind: 'conflict', state: { claimed: at(9) } });
      }
      expect(await ledger.intents(TABLE, REF, BIRTH, 10)).toHaveLength(1);
    });

    test('of two processors that claim the same records at once one wins', async () => {
      const racers = Array.from({ length: 16 }, (_, i) => ledger.claim(claim(`r${i}`, 0, 1, 10 + i)));
      const outcomes = await Promise.all(racers);
      expect(outcomes.filter((o) => o.kind === 'claimed')).toHaveLength(1);
      expect(await ledger.intents(TABLE, REF, BIRTH, 10)).toHaveLength(1);
    });

    test('a claim whose answer was lost is known again when it is repeated', async () => {
      await ledger.claim(claim('a', 0, 5, 9));
      expect(await ledger.claim(claim('a', 0, 5, 9))).toEqual({ kind: 'claimed' });
      expect(await ledger.intents(TABLE, REF, BIRTH, 10)).toHaveLength(1);
    });

    test('a claim by an older plan is refused, whatever it chains onto', async () => {
      await ledger.claim(claim('a', 0, 1, 2, { planVersion: 3 }));
      expect(await ledger.claim(claim('b', 2, 3, 4, { planVersion: 2 }))).toMatchObject({ kind: 'conflict' });
      expect(await ledger.claim(claim('c', 2, 3, 4, { planVersion: 3 }))).toEqual({ kind: 'claimed' });
    });

    test('counts that do not add up are never stored', async () => {
      const bad = claim('a', 0, 1, 2);
      bad.intents[0]!.counts.received = 7;
      await expect(async () => ledger.claim(bad)).rejects.toMatchObject({ kind: 'internal' });
      expect((await ledger.shard(REF)).claimed).toBe(BIRTH);
    });

    test('intents come in order of position, from where they are asked for', async () => {
      for (let n = 0; n < 120; n++) await ledger.claim(claim(`c${n}`, n * 10, n * 10 + 1, n * 10 + 10));
      const all = await ledger.intents(TABLE, REF, BIRTH, 1000);
      expect(all.map((i) => i.after)).toEqual(Array.from({ length: 120 }, (_, n) => at(n * 10)));
      const some = await ledger.intents(TABLE, REF, at(500), 3);
      expect(some.map((i) => i.after)).toEqual([at(500), at(510), at(520)]);
      expect(await ledger.intents(TABLE, { ...REF, shard: 'shardId-000000000001' }, BIRTH, 10)).toEqual([]);
    });

    test('only old intents that the table contains are forgotten', async () => {
      for (let n = 0; n < 4; n++) await ledger.claim(claim(`c${n}`, n * 10, n * 10 + 1, n * 10 + 10));
      expect(await ledger.forget(TABLE, REF, at(20), 0)).toBe(0);
      expect(await ledger.forget(TABLE, REF, at(25), 1)).toBe(2);
      expect((await ledger.intents(TABLE, REF, BIRTH, 10)).map((i) => i.after)).toEqual([at(20), at(30)]);
      expect(await ledger.shard(REF)).toMatchObject({ claimed: at(40) });
    });

    test('effects never move back', async () => {
      await ledger.effect(REF, at(9));
      await ledger.effect(REF, at(4));
      expect((await ledger.shard(REF)).effected).toBe(at(9));
      expect((await ledger.shard(REF)).claimed).toBe(BIRTH);
    });

    test('attempts are counted for each batch by itself', async () => {
      expect(await ledger.countAttempt(REF, at(1))).toBe(1);
      expect(await ledger.countAttempt(REF, at(1))).toBe(2);
      expect(await ledger.countAttempt(REF, at(2))).toBe(1);
      await ledger.forgetAttempts(REF, at(1));
      expect(await ledger.countAttempt(REF, at(1))).toBe(1);
      expect(await ledger.countAttempt(REF, at(2))).toBe(2);
    });

    test('a listener hears of the tables of each claim, until it leaves', async () => {
      const heard: string[] = [];
      const leave = ledger.onClaim((tables) => heard.push(...tables.map((t) => t.table)));
      await ledger.claim(claim('a', 0, 1, 2));
      leave();
      await ledger.claim(claim('b', 2, 3, 4));
      expect(heard).toEqual(['orders']);
    });
  });
}
