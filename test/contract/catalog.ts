import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Catalog } from '../../src/ports/catalog.ts';

export interface CatalogUnderTest {
  catalog: Catalog;
  close(): Promise<void>;
}

const NAME = { database: 'lake_silver', table: 'orders' };

/** The laws of `src/ports/catalog.ts`. */
export function catalogContract(name: string, open: () => Promise<CatalogUnderTest>): void {
  describe(`catalog: ${name}`, () => {
    let it: CatalogUnderTest;
    beforeEach(async () => {
      it = await open();
    });
    afterEach(() => it.close());

    test('a table is created once; the second creation conflicts and changes nothing', async () => {
      expect(await it.catalog.load(NAME)).toBeUndefined();
      expect(await it.catalog.create(NAME, 'file:///m0')).toEqual({ kind: 'committed' });
      expect(await it.catalog.create(NAME, 'file:///other')).toEqual({ kind: 'conflict' });
      expect((await it.catalog.load(NAME))?.metadataLocation).toBe('file:///m0');
    });

    test('of many swaps from one version at most one is committed, and its pointer is seen', async () => {
      await it.catalog.create(NAME, 'file:///m0');
      const base = (await it.catalog.load(NAME))!;
      const tries = Array.from({ length: 25 }, (_, i) => it.catalog.swap(NAME, base, `file:///m1-${i}`));
      const outcomes = await Promise.all(tries);
      const won = outcomes.flatMap((o, i) => (o.kind === 'committed' ? [i] : []));
      expect(won).toHaveLength(1);
      expect((await it.catalog.load(NAME))?.metadataLocation).toBe(`file:///m1-${won[0]}`);
    });

    test('a swap back to an old pointer does not let a stale writer through', async () => {
      await it.catalog.create(NAME, 'file:///a');
      const first = (await it.catalog.load(NAME))!;
      await it.catalog.swap(NAME, first, 'file:///b');
      await it.catalog.swap(NAME, (await it.catalog.load(NAME))!, 'file:///a');
      expect(await it.catalog.swap(NAME, first, 'file:///c')).toEqual({ kind: 'conflict' });
    });

    test('a swap of a table that is not there conflicts', async () => {
      const ghost = { metadataLocation: 'file:///m0', version: '1' };
      expect(await it.catalog.swap(NAME, ghost, 'file:///m1')).toEqual({ kind: 'conflict' });
    });

    test('tables are listed by database, and one whose name begins alike is not among them', async () => {
      await it.catalog.create(NAME, 'file:///m0');
      await it.catalog.create({ database: 'lake_silver2', table: 'x' }, 'file:///m0');
      expect(await it.catalog.list('lake_silver')).toEqual([NAME]);
      expect(await it.catalog.list()).toHaveLength(2);
    });
  });
}
