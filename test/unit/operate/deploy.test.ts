import { describe, expect, test } from '@jest/globals';
import type { Plan } from '../../../src/definition/plan.ts';
import { column } from '../../../src/definition/index.ts';
import { silverTable, tablesOf } from '../../../src/definition/tables.ts';
import {
  checkMetadata,
  commitMetadata,
  commitSnapshot,
  currentSchema,
  requireTable,
} from '../../../src/iceberg/index.ts';
import { deployTables, readDeployed } from '../../../src/operate/deploy.ts';
import { PLAN_PROPERTY, readNoted } from '../../../src/operate/diff-noted.ts';
import { diffPlan, RENAMED_PROPERTY } from '../../../src/operate/diff.ts';
import { change, dataFile } from '../iceberg/fixtures.ts';
import { memoryIo, type Fault, type MemoryIo } from '../iceberg/memory.ts';
import { planOf, type Change } from './shop.ts';

const WAREHOUSE = 'mem://lake/';
const optional = { optional: true } as const;
const latest = { database: 'shop_silver', table: 'latest' };
const deploy = (io: MemoryIo, plan: Plan, ...allow: string[]) => deployTables(io, plan, WAREHOUSE, { allow });

const withCity: Change = (s) => void (s.streams.orders!.columns.city = column.string(optional));
const withLong: Change = (s) => void (s.streams.orders!.columns.amount = column.long(optional));
const withoutBuyer: Change = (s) => {
  const { buyer: _buyer, ...rest } = s.streams.orders!.columns;
  s.streams.orders!.columns = rest;
};
const withRemark: Change = (s) => {
  const { buyer, ...rest } = s.streams.orders!.columns;
  s.streams.orders!.columns = { ...rest, customer: { ...buyer!, renamedFrom: 'buyer' } };
};

async function fields(io: MemoryIo, name = latest): Promise<string[]> {
  const { metadata } = await requireTable(io, name);
  return currentSchema(metadata).fields.map((f) => `${f.id} ${f.name}${f.required ? '!' : ''}`);
}

describe('a plan that comes back', () => {
  test.each<[string, Change, string[], string]>([
    ['after a column was added: it stays, optional', withCity, [], 'column kept: city'],
    ['after a column was widened: it stays wide', withLong, [], 'column kept: amount'],
    ['after a column was renamed: it gets its name back', withRemark, [], 'renamed: buyer'],
    [
      'after a column was dropped: it comes back under its id',
      withoutBuyer,
      ['shop_realtime.orders.drop:buyer', 'shop_silver.latest.drop:buyer'],
      'column restored: buyer',
    ],
    [
      'after a type was replaced: the column of before comes back',
      (s) => void (s.streams.orders!.columns.buyer = column.string(optional)),
      ['shop_realtime.orders.type:buyer', 'shop_silver.latest.type:buyer'],
      'column restored: buyer',
    ],
    [
      'after a Silver table was added: it stays as it is',
      (s) => void (s.silver!.log = { mode: 'append', from: 'orders' }),
      [],
      '',
    ],
  ])('%s', async (_, edit, allow, done) => {
    const io = memoryIo();
    const [before, after] = [await planOf(), await planOf(edit)];
    await deploy(io, before);
    const first = await fields(io);
    await deploy(io, after, ...allow);
    const between = await fields(io);
    const back = await deploy(io, before);
    const changes = back.flatMap((t) => t.changes).map((c) => `${c.kind}: ${c.column ?? ''}`);
    if (done !== '') expect(changes).toContain(done);
    expect(diffPlan(await readDeployed(io, before), before).filter((c) => c.impact === 'breaking')).toEqual(
      [],
    );
    const now = await fields(io);
    if (done.startsWith('column kept')) expect(now).toEqual(between);
    else expect(now.map(idOf).sort()).toEqual(first.map(idOf).sort());
    // And forth again, without a word of permission: both plans were there before.
    await deploy(io, after);
    await deploy(io, before);
    for (const { name } of tablesOf(before))
      expect(await checkMetadata((await requireTable(io, name)).metadata)).toEqual([]);
  });

  test('after half a deployment: what was not touched stays, what was is taken back', async () => {
    const io = memoryIo();
    const before = await planOf();
    await deploy(io, before);
    const half = await planOf(withCity);
    io.catalog.faults.push('lost', 'lost', 'lost', 'lost', 'lost', 'lost');
    await expect(deploy(io, half)).rejects.toMatchObject({ kind: 'unknown' });
    await deploy(io, before);
    await deploy(io, half);
    expect(await fields(io)).toEqual(expect.arrayContaining([expect.stringMatching(/ city$/)]));
  });

  test('a column that somebody else added stays, and is nobody’s mistake', async () => {
    const io = memoryIo();
    const plan = await planOf();
    await deploy(io, plan);
    const table = await requireTable(io, latest);
    await commitMetadata(io, table, { addColumns: [{ name: 'theirs', required: false, type: 'string' }] });
    expect(diffPlan(await readDeployed(io, plan), plan)).toMatchObject([
      { kind: 'column kept', column: 'theirs', impact: 'safe' },
    ]);
    expect((await deploy(io, plan)).every((t) => t.change === 'unchanged')).toBe(true);
  });
});

const idOf = (field: string): string => field.replace('!', '');

describe('several deployments', () => {
  test('at once, of one plan, come to the same as one', async () => {
    const plan = await planOf(withCity, withLong);
    const alone = memoryIo(3n);
    await deploy(alone, await planOf());
    await deploy(alone, plan);
    const io = memoryIo(4n);
    await Promise.all([deploy(io, await planOf()), deploy(io, await planOf()), deploy(io, await planOf())]);
    await Promise.all([deploy(io, plan), deploy(io, plan), deploy(io, plan)]);
    for (const { name } of tablesOf(plan)) {
      expect(await fields(io, name)).toEqual(await fields(alone, name));
      const { metadata } = await requireTable(io, name);
      expect(await checkMetadata(metadata)).toEqual([]);
    }
  });

  test.each<Fault[][]>([
    [['conflict', 'conflict']],
    [['applied']],
    [['lost']],
    [['conflict', 'applied', 'lost']],
  ])('with the catalog’s answers %j', async (faults) => {
    const io = memoryIo();
    await deploy(io, await planOf());
    io.catalog.faults.push(...faults);
    await deploy(io, await planOf(withCity));
    const columns = await fields(io);
    expect(columns.filter((c) => c.endsWith(' city'))).toHaveLength(1);
  });

  test('beside a writer: the rows stay and so does the schema', async () => {
    const io = memoryIo();
    await deploy(io, await planOf());
    const write = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        const table = await requireTable(io, latest);
        await commitSnapshot(io, table, () => change({ operation: 'append', addedData: [dataFile()] }));
      }
    };
    await Promise.all([write(), deploy(io, await planOf(withCity))]);
    const { metadata } = await requireTable(io, latest);
    expect(currentSchema(metadata).fields.map((f) => f.name)).toContain('city');
    expect(metadata.snapshots.length).toBeGreaterThan(10);
    expect(await checkMetadata(metadata, io)).toEqual([]);
  });
});

describe('a Silver table under another name', () => {
  const renamed: Change = (s) => {
    const { latest: table, ...rest } = s.silver!;
    s.silver = { ...rest, newest: { ...table!, renamedFrom: 'latest' } };
    s.gold!.by_size!.from = 'newest';
  };
  const newest = { database: 'shop_silver', table: 'newest' };

  test('goes on with its rows; the earlier name is retired, comes back with its plan, and goes again', async () => {
    const io = memoryIo();
    const [before, after] = [await planOf(), await planOf(renamed)];
    await deploy(io, before);
    const table = await requireTable(io, latest);
    await commitSnapshot(io, table, () => change({ operation: 'append', addedData: [dataFile()] }));
    const allow = 'shop_gold.by_size.groups';
    await deploy(io, after, allow);
    const moved = await requireTable(io, newest);
    expect(moved.metadata['table-uuid']).toBe(table.metadata['table-uuid']);
    expect(moved.metadata.snapshots).toHaveLength(1);
    const old = await requireTable(io, latest);
    expect(old.metadata.properties).toMatchObject({ [RENAMED_PROPERTY]: 'newest', 'gc.enabled': 'false' });
    expect(diffPlan(await readDeployed(io, after), after)).toEqual([]);

    await commitSnapshot(io, moved, () => change({ operation: 'append', addedData: [dataFile()] }));
    await deploy(io, before, allow);
    expect((await requireTable(io, latest)).metadata.snapshots).toHaveLength(2);
    expect((await requireTable(io, newest)).metadata.properties).toMatchObject({
      [RENAMED_PROPERTY]: 'latest',
    });
    await deploy(io, after, allow);
    expect((await requireTable(io, newest)).metadata.snapshots).toHaveLength(2);
    expect(readNoted((await requireTable(io, newest)).metadata.properties)).toBeDefined();
  });

  test('at once by two comes to the same', async () => {
    const io = memoryIo();
    await deploy(io, await planOf());
    const plan = await planOf(renamed);
    const allow = 'shop_gold.by_size.groups';
    await Promise.all([deploy(io, plan, allow), deploy(io, plan, allow)]);
    expect(diffPlan(await readDeployed(io, plan), plan)).toEqual([]);
    expect((await requireTable(io, silverTable(plan, 'latest'))).metadata.properties[RENAMED_PROPERTY]).toBe(
      'newest',
    );
  });
});

describe('what a table notes', () => {
  test('is short, survives a foreign hand, and comes back where it was lost', async () => {
    const io = memoryIo();
    const plan = await planOf();
    await deploy(io, plan);
    for (const { name } of tablesOf(plan)) {
      const text = (await requireTable(io, name)).metadata.properties[PLAN_PROPERTY]!;
      expect(text.length).toBeLessThan(1_000);
    }
    for (const broken of ['{', '{"format":2}', 'null', '[]']) {
      await commitMetadata(io, await requireTable(io, latest), {
        setProperties: { [PLAN_PROPERTY]: broken },
      });
      expect(diffPlan(await readDeployed(io, plan), plan)).toEqual([]);
      await deploy(io, plan);
      expect(readNoted((await requireTable(io, latest)).metadata.properties)).toMatchObject({ format: 1 });
    }
  });
});
