import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { HotItem, HotStore } from '../../src/ports/effects.ts';

export interface HotStoreUnderTest {
  hotStore: HotStore;
  close(): Promise<void>;
}

const item = (ord: string, status: string): HotItem => ({
  table: 'orders',
  key: 'o-1',
  ord,
  row: { status },
});

/** The laws of `HotStore` in `src/ports/effects.ts`. */
export function hotStoreContract(name: string, open: () => Promise<HotStoreUnderTest>): void {
  describe(`hot store: ${name}`, () => {
    let it: HotStoreUnderTest;
    beforeEach(async () => {
      it = await open();
    });
    afterEach(() => it.close());

    test('an older row that arrives late does not replace a newer one', async () => {
      await it.hotStore.put([item('2', 'paid')]);
      await it.hotStore.put([item('1', 'open')]);
      expect((await it.hotStore.get('orders', 'o-1'))?.row).toEqual({ status: 'paid' });
    });

    test('rows of one key in one call end as the newest, in whatever order they stand', async () => {
      await it.hotStore.put([item('3', 'sent'), item('1', 'open'), item('2', 'paid')]);
      expect((await it.hotStore.get('orders', 'o-1'))?.row).toEqual({ status: 'sent' });
    });

    test('the same put twice is the same as once, and an unknown key is undefined', async () => {
      await it.hotStore.put([item('1', 'open')]);
      await it.hotStore.put([item('1', 'open')]);
      expect(await it.hotStore.get('orders', 'o-1')).toEqual(item('1', 'open'));
      expect(await it.hotStore.get('orders', 'o-2')).toBeUndefined();
    });
  });
}
