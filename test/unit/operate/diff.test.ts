import { describe, expect, test } from '@jest/globals';
import {
  checkMetadata,
  commitSnapshot,
  loadTable,
  requireTable,
  type TableIo,
} from '../../../src/iceberg/index.ts';
import { tablesOf } from '../../../src/definition/tables.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { deployTables, readDeployed } from '../../../src/operate/deploy.ts';
import { diffPlan, refuseBreaking, type PlanChange } from '../../../src/operate/diff.ts';
import { change, dataFile } from '../iceberg/fixtures.ts';
import { memoryIo } from '../iceberg/memory.ts';
import { DIFF_CASES } from './diff-cases.ts';
import { planOf } from './shop.ts';

const WAREHOUSE = 'mem://lake/';

const line = (c: PlanChange): string =>
  [c.impact, c.table, [c.kind, c.column].filter((part) => part !== undefined).join(' '), c.effect, c.allow]
    .filter((part) => part !== undefined)
    .join(' | ');

/** A deployed shop whose tables have rows. */
async function deployed(): Promise<{ io: TableIo; plan: Plan }> {
  const io = memoryIo();
  const plan = await planOf();
  await deployTables(io, plan, WAREHOUSE);
  for (const { name } of tablesOf(plan)) {
    const table = await requireTable(io, name);
    await commitSnapshot(io, table, () => change({ operation: 'append', addedData: [dataFile()] }));
  }
  return { io, plan };
}

describe('what a changed definition says of deployed tables', () => {
  test.each(DIFF_CASES)('$name', async ({ change: edit, says }) => {
    const { io } = await deployed();
    const plan = await planOf(edit);
    const changes = diffPlan(await readDeployed(io, plan), plan);
    const lines = changes.map(line);
    expect(lines).toEqual(expect.arrayContaining(says));
    if (says.length === 0) expect(lines).toEqual([]);
    const breaking = lines.filter((l) => l.startsWith('breaking'));
    expect(breaking).toEqual(says.filter((s) => s.startsWith('breaking')));

    // What is breaking is refused and nothing is touched; by name it is done, and then there is nothing left to do.
    const allow = changes.flatMap((c) => c.allow ?? []);
    if (breaking.length > 0) {
      const before = new Map(io.catalog instanceof Object ? await pointers(io, plan) : []);
      await expect(deployTables(io, plan, WAREHOUSE)).rejects.toMatchObject({ kind: 'refused' });
      expect(new Map(await pointers(io, plan))).toEqual(before);
    }
    await deployTables(io, plan, WAREHOUSE, { allow });
    const left = diffPlan(await readDeployed(io, plan), plan).filter((c) => c.kind !== 'table gone');
    expect(left.map(line)).toEqual([]);
    const again = await deployTables(io, plan, WAREHOUSE, { allow });
    expect(again.map((t) => t.change)).toEqual(again.map(() => 'unchanged'));
    for (const { name } of tablesOf(plan))
      expect(await checkMetadata((await requireTable(io, name)).metadata)).toEqual([]);
  });

  test('a lakehouse that was never deployed is created', async () => {
    const plan = await planOf();
    expect(diffPlan(undefined, plan).map(line)).toEqual([
      'safe | shop_realtime.orders | created | the table is created with 12 columns',
      'safe | shop_ops.quarantine | created | the table is created with 9 columns',
      'safe | shop_silver.latest | created | the table is created with 9 columns',
      'safe | shop_silver.facts | created | the table is created with 7 columns',
      'safe | shop_gold.by_size | created | the table is created with 3 columns',
    ]);
  });

  test('the refusal names each change, what it does and what allows it', async () => {
    const { io } = await deployed();
    const plan = await planOf((s) => void (s.gold!.by_size!.groupBy = { order_id: 'order_id' }));
    const changes = diffPlan(await readDeployed(io, plan), plan);
    expect(() => refuseBreaking(changes)).toThrow(
      `the definition makes 2 breaking changes to deployed tables
  shop_gold.by_size: rows become groups of order_id from latest instead of large from latest: the earlier groups stay beside the new ones and count twice
    allow it with shop_gold.by_size.groups
  shop_gold.by_size: large is dropped: views and queries that name it fail; its values stay in earlier snapshots and in the files until these are rewritten
    allow it with shop_gold.by_size.drop:large`,
    );
    expect(() => refuseBreaking(changes, ['shop_gold.by_size.groups'])).toThrow('a breaking change');
    expect(() =>
      refuseBreaking(changes, ['shop_gold.by_size.groups', 'shop_gold.by_size.drop:large']),
    ).not.toThrow();
  });
});

async function pointers(io: TableIo, plan: Plan): Promise<[string, string | undefined][]> {
  return Promise.all(
    tablesOf(plan).map(async ({ name }): Promise<[string, string | undefined]> => [
      `${name.database}.${name.table}`,
      (await loadTable(io, name))?.entry.metadataLocation,
    ]),
  );
}
