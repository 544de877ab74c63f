import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EMPTY_MARK, type Mark } from '../../../src/commit/mark.ts';
import type { PlanGroup, PlanSilver } from '../../../src/definition/plan.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { visibleSql } from '../../../src/engine/visible.ts';
import type { ScanFile, Table } from '../../../src/iceberg/index.ts';
import { boundRanges, endsOf, inRanges, rangesBeyond, type Range } from '../../../src/integrate/beyond.ts';
import { chooseFolded } from '../../../src/integrate/row-delta.ts';
import { changedSql, keysSql, nextSql } from '../../../src/integrate/silver-sql.ts';
import { integrationStages } from '../../../src/integrate/steps.ts';
import { BIRTH } from '../../../src/ports/ledger.ts';

const at = (n: number): string => String(n).padStart(56, '0');
const markOf = (positions: Mark['positions']): Mark => ({ ...EMPTY_MARK, positions });

describe('rows beyond a mark', () => {
  test('are those between the consumer and the table, shard by shard', () => {
    const table = markOf({ stream: { a: at(5), b: at(5), c: at(5) } });
    expect(rangesBeyond(markOf({ rt: { a: at(2), b: at(5) } }), 'rt', table)).toEqual([
      { shard: 'a', after: at(2), upTo: at(5) },
      { shard: 'c', after: BIRTH, upTo: at(5) },
    ]);
  });

  test('are none when the table was rolled back behind its consumer', () => {
    expect(rangesBeyond(markOf({ rt: { a: at(9) } }), 'rt', markOf({ s: { a: at(5) } }))).toEqual([]);
  });

  test('no ranges are no rows, and not all of them', () => {
    expect(inRanges([])).toBe('false');
    expect(endsOf([{ shard: 'a', after: BIRTH, upTo: BIRTH }])).toEqual({});
  });

  const table = {
    metadata: {
      'current-schema-id': 0,
      schemas: [
        {
          'schema-id': 0,
          fields: [
            { id: 1, name: '_shard' },
            { id: 2, name: '_seq' },
          ],
        },
      ],
    },
  } as unknown as Table;
  const file = (shard: string, rows: number, last: number): ScanFile =>
    ({
      file: {
        recordCount: rows,
        lowerBounds: new Map([[1, Buffer.from(shard)]]),
        upperBounds: new Map([[2, Buffer.from(at(last))]]),
      },
      deletes: [],
    }) as unknown as ScanFile;
  const range = (shard: string, after: number, upTo: number): Range => ({
    shard,
    after: at(after),
    upTo: at(upTo),
  });

  test('are cut at the end of a file once there are enough', () => {
    const files = [file('a', 10, 30), file('a', 10, 10), file('a', 10, 20)];
    expect(boundRanges(table, files, [range('a', 0, 30)], 15)).toEqual({
      ranges: [range('a', 0, 20)],
      more: true,
    });
    expect(boundRanges(table, files, [range('a', 0, 30)], 30)).toEqual({
      ranges: [range('a', 0, 30)],
      more: false,
    });
  });

  test('always move on: a file larger than the limit is taken whole', () => {
    const files = [file('a', 1_000, 10), file('a', 1_000, 20)];
    expect(boundRanges(table, files, [range('a', 0, 20)], 1)).toEqual({
      ranges: [range('a', 0, 10)],
      more: true,
    });
    expect(boundRanges(table, files, [range('a', 10, 20)], 1)).toEqual({
      ranges: [range('a', 10, 20)],
      more: false,
    });
  });

  test('of many shards share the limit, and an idle shard is not cut', () => {
    const files = [file('a', 10, 10), file('a', 10, 20), file('b', 1, 5)];
    const bounded = boundRanges(table, files, [range('a', 0, 20), range('b', 0, 5)], 20);
    expect(bounded).toEqual({ ranges: [range('a', 0, 10), range('b', 0, 5)], more: true });
  });

  test('are not cut by a file without bounds', () => {
    const bare = { file: { recordCount: 99 }, deletes: [] } as unknown as ScanFile;
    expect(boundRanges(table, [bare], [range('a', 0, 20)], 1)).toEqual({
      ranges: [range('a', 0, 20)],
      more: false,
    });
  });
});

describe('files that a merge folds', () => {
  const MB = 1024 * 1024;
  const file = (path: string, megabytes: number, rows = 100, deleted = 0): ScanFile =>
    ({
      file: { path, fileSizeInBytes: megabytes * MB, recordCount: rows },
      deletes: deleted > 0 ? [{ recordCount: deleted }] : [],
    }) as unknown as ScanFile;
  const none = new Map<string, number>();
  const folded = (files: ScanFile[], hit: ReadonlyMap<string, number> = none): string[] =>
    [...chooseFolded(files, hit)].sort();

  test('are the small ones once there are several', () => {
    const small = Array.from({ length: 8 }, (_, i) => file(`s${i}`, 1));
    expect(folded(small.slice(0, 7))).toEqual([]);
    expect(folded([...small, file('large', 400)])).toEqual(small.map((f) => f.file.path));
  });

  test('are no more than one merge may rewrite, the smallest first', () => {
    const files = Array.from({ length: 40 }, (_, i) => file(`s${i}`, i < 20 ? 30 : 4));
    const chosen = chooseFolded(files, none);
    expect([...chosen].every((path) => Number(path.slice(1)) >= 20)).toBe(true);
    const megabytes = files
      .filter((f) => chosen.has(f.file.path))
      .reduce((n, f) => n + f.file.fileSizeInBytes / MB, 0);
    expect(megabytes).toBeLessThanOrEqual(64);
    expect(folded([file('worn', 5_000, 100, 90), file('less', 5_000, 100, 50)])).toEqual(['worn']);
  });

  test('are those that have lost many rows, by earlier deletes and by this merge together', () => {
    expect(folded([file('worn', 400, 100, 31), file('whole', 400, 100, 30)])).toEqual(['worn']);
    expect(folded([file('now', 400, 100, 20)], new Map([['now', 11]]))).toEqual(['now']);
  });
});

describe('the SQL of a merge', () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.session();
  });
  afterAll(() => engine.close());

  const plain = (name: string): PlanGroup['columns'][number] => ({
    name,
    expression: { athena: name, duckdb: name },
  });
  const group = (name: string, columns: string[], more: Partial<PlanGroup> = {}): PlanGroup => ({
    name,
    from: 'events',
    when: { athena: '', duckdb: `kind = '${name}'` },
    columns: columns.map(plain),
    fact: false,
    ordColumn: `_ord_${name}`,
    ...more,
  });
  const silver: PlanSilver = {
    name: 'flights',
    mode: 'enrich',
    key: ['id'],
    columns: [],
    groups: [
      group('plan', ['gate'], { fact: true, deleteWhen: { athena: '', duckdb: 'gone' } }),
      group('late', ['delay']),
    ],
    joins: [
      {
        name: 'w',
        from: 'weather',
        on: [{ column: 'gate', expression: { athena: '', duckdb: 'gate' } }],
        columns: [plain('temp')],
      },
    ],
  };
  const COLUMNS = ['id', 'gate', 'delay', 'temp', '_ord_plan', '_ord_late', '_deleted'];

  async function merge(
    current: string[],
    events: string[],
    weather: string[] = [],
    rejoined: string[] = [],
  ): Promise<unknown[][]> {
    const table = (name: string, columns: string, rows: string[]): Promise<void> =>
      session.run(
        `CREATE OR REPLACE TEMP TABLE ${name} (${columns}); ${rows.map((r) => `INSERT INTO ${name} VALUES (${r});`).join(' ')}`,
      );
    const columns =
      'id VARCHAR, gate VARCHAR, delay INT, temp INT, _ord_plan VARCHAR, _ord_late VARCHAR, _deleted BOOLEAN';
    await table('current_rows', columns, current);
    await table(
      'src_events',
      'id VARCHAR, kind VARCHAR, gate VARCHAR, delay INT, gone BOOLEAN, _ord VARCHAR',
      events,
    );
    await table('lookup_w', 'gate VARCHAR, _out_temp INT', weather);
    await table('rejoined_w', 'id VARCHAR', rejoined);
    for (const g of silver.groups)
      await session.run(`CREATE OR REPLACE TEMP TABLE changed_${g.name} AS ${changedSql(silver, g)}`);
    await session.run(`CREATE OR REPLACE TEMP TABLE changed_keys AS ${keysSql(silver)}`);
    const rows = await session.rows(`SELECT * FROM (${nextSql(silver, COLUMNS)}) ORDER BY id`);
    return rows.map((r) => COLUMNS.map((c) => r[c]));
  }

  test('of several rows of a key the newest by order wins, not the last that came', async () => {
    expect(
      await merge([], [`'f', 'plan', 'A', NULL, false, '3'`, `'f', 'plan', 'B', NULL, false, '2'`]),
    ).toEqual([['f', 'A', null, null, '3', null, false]]);
  });

  test('a late older event changes nothing of its group', async () => {
    expect(
      await merge([`'f', 'A', 5, NULL, '3', '4', false`], [`'f', 'plan', 'B', NULL, false, '2'`]),
    ).toEqual([]);
    expect(await merge([`'f', 'A', 5, NULL, '3', '4', false`], [`'f', 'late', NULL, 9, false, '4'`])).toEqual(
      [],
    );
  });

  test('an event older than another group still sets its own columns, and never the other', async () => {
    expect(
      await merge([`'f', 'A', NULL, NULL, '9', NULL, false`], [`'f', 'late', 'Z', 7, false, '2'`]),
    ).toEqual([['f', 'A', 7, null, '9', '2', false]]);
  });

  test('a newer event may set a column to NULL', async () => {
    expect(
      await merge([`'f', 'A', 7, NULL, '1', '1', false`], [`'f', 'late', NULL, NULL, false, '2'`]),
    ).toEqual([['f', 'A', null, null, '1', '2', false]]);
  });

  test('an event without its fact is a hidden stub, and the fact completes it', async () => {
    const [stub] = await merge([], [`'f', 'late', NULL, 7, false, '5'`]);
    expect(stub).toEqual(['f', null, 7, null, null, '5', null]);
    expect(
      await session.rows(
        `SELECT ${visibleSql(silver)} AS seen FROM (SELECT NULL AS _ord_plan, NULL AS _deleted)`,
      ),
    ).toEqual([{ seen: false }]);
    expect(
      await merge([`'f', NULL, 7, NULL, NULL, '5', NULL`], [`'f', 'plan', 'A', NULL, false, '1'`]),
    ).toEqual([['f', 'A', 7, null, '1', '5', false]]);
  });

  test('a deleted key stays as a marked row, keeps what comes, and lives again with a newer fact', async () => {
    const dead = `'f', 'A', NULL, NULL, '5', NULL, true`;
    expect(await merge([dead], [`'f', 'plan', 'B', NULL, false, '4'`])).toEqual([]);
    expect(await merge([dead], [`'f', 'late', NULL, 3, false, '6'`])).toEqual([
      ['f', 'A', 3, null, '5', '6', true],
    ]);
    expect(await merge([dead], [`'f', 'plan', 'C', NULL, NULL, '6'`])).toEqual([
      ['f', 'C', null, null, '6', null, false],
    ]);
  });

  test('a key that only late rows of a join touch is looked up again; equal rows are left alone', async () => {
    const rows = [`'f', 'A', 1, NULL, '1', '1', false`, `'g', 'B', 1, 20, '1', '1', false`];
    expect(await merge(rows, [], [`'A', 10`, `'B', 20`], [`'f'`, `'g'`])).toEqual([
      ['f', 'A', 1, 10, '1', '1', false],
    ]);
  });

  test('a looked-up row that went takes its values with it', async () => {
    expect(await merge([`'f', 'A', 1, 10, '1', '1', false`], [], [], [`'f'`])).toEqual([
      ['f', 'A', 1, null, '1', '1', false],
    ]);
  });

  test('a new value of the joined column is looked up in the same merge', async () => {
    const change = [`'f', 'plan', 'B', NULL, false, '2'`];
    expect(await merge([`'f', 'A', 1, 10, '1', '1', false`], change, [`'A', 10`, `'B', 20`])).toEqual([
      ['f', 'B', 1, 20, '2', '1', false],
    ]);
  });
});

describe('stages of an integration run', () => {
  test('what a join reads is merged in a stage before, over several', () => {
    const joins = (...from: string[]): PlanSilver['joins'] =>
      from.map((f) => ({ name: f, from: f, on: [], columns: [] }));
    const silver = (name: string, ...from: string[]): PlanSilver => ({
      name,
      mode: 'enrich',
      key: [],
      columns: [],
      groups: [],
      joins: joins(...from),
    });
    const plan = {
      silver: [silver('c'), silver('b', 'c'), silver('a', 'b', 'c'), silver('z')],
      gold: [{ name: 'g' }],
    };
    const stages = integrationStages(plan as unknown as Parameters<typeof integrationStages>[0]);
    expect(stages.map((s) => s.map((step) => step.table))).toEqual([['c', 'z'], ['b'], ['a'], ['g']]);
  });
});
