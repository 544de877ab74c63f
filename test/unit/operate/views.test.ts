import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  DeleteTableCommand,
  GetTableCommand,
  GetTablesCommand,
  GlueClient,
  UpdateTableCommand,
  type TableInput,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { GlueViews } from '../../../src/adapters/aws/glue-views.ts';
import { athenaType, column } from '../../../src/definition/column.ts';
import { deployViews, hiveType, viewDefinition } from '../../../src/operate/views.ts';
import type { TableName } from '../../../src/ports/catalog.ts';
import type { ViewCatalog, ViewDefinition } from '../../../src/ports/view-catalog.ts';
import { athenaViews } from '../../../src/serve/athena-views.ts';
import { ManualClock, SeededRandom } from '../iceberg/memory.ts';
import { planOf } from './shop.ts';

class FakeGlue {
  readonly tables = new Map<string, { input: TableInput; version: number }>();
  /** Names of errors that the next writes answer, with whether they took effect. */
  readonly faults: { name: string; status: number; applied: boolean }[] = [];
  databases = new Set(['shop']);
  writes = 0;
  readonly mock = mockClient(GlueClient);

  constructor() {
    const { mock } = this;
    mock.on(GetTableCommand).callsFake(({ Name }: { Name: string }) => {
      const found = this.tables.get(Name);
      if (!found) throw failure('EntityNotFoundException', 400);
      return { Table: { ...found.input, VersionId: String(found.version) } };
    });
    mock.on(GetTablesCommand).callsFake(() => ({
      TableList: [...this.tables.values()].map(({ input }) => ({ ...input })),
    }));
    mock.on(CreateDatabaseCommand).callsFake(({ DatabaseInput }: { DatabaseInput: { Name: string } }) => {
      this.databases.add(DatabaseInput.Name);
      return {};
    });
    mock
      .on(CreateTableCommand)
      .callsFake(({ DatabaseName, TableInput: input }: { DatabaseName: string; TableInput: TableInput }) =>
        this.#write(() => {
          if (!this.databases.has(DatabaseName)) throw failure('EntityNotFoundException', 400);
          if (this.tables.has(input.Name!)) throw failure('AlreadyExistsException', 400);
          this.tables.set(input.Name!, { input, version: 1 });
        }),
      );
    mock
      .on(UpdateTableCommand)
      .callsFake(({ TableInput: input, VersionId }: { TableInput: TableInput; VersionId: string }) =>
        this.#write(() => {
          const current = this.tables.get(input.Name!)!;
          if (String(current.version) !== VersionId) throw failure('ConcurrentModificationException', 400);
          this.tables.set(input.Name!, { input, version: current.version + 1 });
        }),
      );
    mock.on(DeleteTableCommand).callsFake(({ Name }: { Name: string }) => {
      this.tables.delete(Name);
      return {};
    });
  }

  #write(apply: () => void): object {
    this.writes += 1;
    const fault = this.faults.shift();
    if (!fault || fault.applied) apply();
    if (fault) throw failure(fault.name, fault.status);
    return {};
  }

  views(): GlueViews {
    const client = new GlueClient({ region: 'eu-west-1' });
    return new GlueViews(
      { read: client, write: client },
      { clock: new ManualClock(), random: new SeededRandom() },
    );
  }
}

const failure = (name: string, status: number): Error =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode: status } });

const NAME: TableName = { database: 'shop', table: 'latest' };
const DEFINITION: ViewDefinition = {
  sql: 'SELECT CAST("é" AS varchar) AS "é", CAST(b AS timestamp(3)) AS b FROM t',
  columns: [
    { name: 'é', type: 'varchar', hiveType: 'string', comment: 'words' },
    { name: 'b', type: 'timestamp(3)', hiveType: 'timestamp' },
  ],
};

describe('views in Glue', () => {
  let glue: FakeGlue;
  let views: GlueViews;
  beforeEach(() => {
    glue = new FakeGlue();
    views = glue.views();
  });

  test('are kept as Athena keeps them', async () => {
    await views.putView(NAME, DEFINITION);
    const { input } = glue.tables.get('latest')!;
    expect(input).toMatchObject({
      TableType: 'VIRTUAL_VIEW',
      Parameters: { presto_view: 'true', comment: 'Presto View' },
      PartitionKeys: [],
      ViewExpandedText: '/* Presto View */',
      StorageDescriptor: {
        Columns: [
          { Name: 'é', Type: 'string', Comment: 'words' },
          { Name: 'b', Type: 'timestamp' },
        ],
        SerdeInfo: {},
        Location: '',
      },
    });
    const [, encoded] = /^\/\* Presto View: (\S+) \*\/$/.exec(input.ViewOriginalText!)!;
    expect(JSON.parse(Buffer.from(encoded!, 'base64').toString())).toEqual({
      originalSql: DEFINITION.sql,
      catalog: 'awsdatacatalog',
      schema: 'shop',
      columns: [
        { name: 'é', type: 'varchar' },
        { name: 'b', type: 'timestamp(3)' },
      ],
      runAsInvoker: true,
    });
    expect(await views.getView(NAME)).toEqual(DEFINITION);
  });

  test('are replaced on the version that was read, listed, and dropped', async () => {
    await views.putView(NAME, DEFINITION);
    const other = { ...DEFINITION, sql: 'SELECT 1' };
    await views.putView(NAME, other);
    expect(glue.tables.get('latest')!.version).toBe(2);
    expect(await views.getView(NAME)).toEqual(other);
    expect(await views.listViews('shop')).toEqual([NAME]);
    await views.dropView(NAME);
    await views.dropView(NAME);
    expect(await views.getView(NAME)).toBeUndefined();
    expect(await views.listViews('shop')).toEqual([]);
  });

  test('make the database that is missing', async () => {
    glue.databases.clear();
    await views.putView(NAME, DEFINITION);
    expect(await views.getView(NAME)).toEqual(DEFINITION);
  });

  test.each([
    ['ConcurrentModificationException', 400, false],
    ['AlreadyExistsException', 400, false],
    ['ThrottlingException', 400, false],
    ['InternalServiceException', 500, true],
    ['InternalServiceException', 500, false],
    ['OperationTimeoutException', 500, true],
  ])('are put again after %s (%i, applied: %s)', async (name, status, applied) => {
    glue.faults.push({ name, status, applied });
    await views.putView(NAME, DEFINITION);
    expect(await views.getView(NAME)).toEqual(DEFINITION);
    expect(glue.writes).toBe(2);
  });

  test('a refusal is told, and not repeated', async () => {
    glue.faults.push({ name: 'AccessDeniedException', status: 400, applied: false });
    await expect(views.putView(NAME, DEFINITION)).rejects.toMatchObject({ kind: 'refused' });
    expect(glue.writes).toBe(1);
  });

  test('never take the place of a table or of a view of another kind', async () => {
    glue.tables.set('latest', { input: { Name: 'latest', TableType: 'EXTERNAL_TABLE' }, version: 1 });
    for (const act of [
      () => views.putView(NAME, DEFINITION),
      () => views.dropView(NAME),
      () => views.getView(NAME),
    ])
      await expect(act()).rejects.toMatchObject({ kind: 'refused' });
    glue.tables.set('theirs', {
      input: { Name: 'theirs', TableType: 'VIRTUAL_VIEW', Parameters: { presto_view: 'true' } },
      version: 1,
    });
    expect(await views.listViews('shop')).toEqual([]);
  });

  test('that are too long for the catalog are refused before they are sent', async () => {
    await expect(views.putView(NAME, { ...DEFINITION, sql: 'x'.repeat(400_000) })).rejects.toMatchObject({
      kind: 'invalid',
    });
    expect(glue.writes).toBe(0);
  });

  test('a text that is none is told', async () => {
    await views.putView(NAME, DEFINITION);
    glue.tables.get('latest')!.input.ViewOriginalText = '/* Presto View: e30 */'.replace('e30', '???');
    await expect(views.getView(NAME)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('of a plan are made once, replaced where they changed, and go with their table', async () => {
    const plan = await planOf();
    expect((await deployViews(views, plan)).map((v) => `${v.name.table} ${v.change}`)).toEqual([
      'latest created',
      'facts created',
      'by_size created',
    ]);
    const writes = glue.writes;
    expect((await deployViews(views, plan)).every((v) => v.change === 'unchanged')).toBe(true);
    expect(glue.writes).toBe(writes);
    const next = await planOf(
      (s) => void (s.streams.orders!.columns.amount = column.long({ optional: true })),
      (s) => {
        const { facts: _facts, ...rest } = s.silver!;
        s.silver = rest;
      },
    );
    expect((await deployViews(views, next)).map((v) => `${v.name.table} ${v.change}`)).toEqual([
      'latest replaced',
      'by_size unchanged',
      'facts dropped',
    ]);
  });
});

describe('the definition of a view', () => {
  test('declares every column in both words and casts it to exactly that', async () => {
    const plan = await planOf();
    for (const view of athenaViews(plan)) {
      const { sql, columns } = viewDefinition(view);
      expect(columns.map((c) => [c.name, c.type])).toEqual(
        view.columns.map((c) => [c.name, athenaType(c.type)]),
      );
      for (const c of columns) expect(sql).toContain(`CAST("${c.name}" AS ${c.type}) AS "${c.name}"`);
      expect(sql).toContain(view.sql);
    }
  });

  test.each([
    [column.boolean(), 'boolean'],
    [column.int(), 'int'],
    [column.long(), 'bigint'],
    [column.float(), 'float'],
    [column.double(), 'double'],
    [column.decimal(9, 2), 'decimal(9,2)'],
    [column.date(), 'date'],
    [column.timestamp(), 'timestamp'],
    [column.string(), 'string'],
    [column.binary(), 'binary'],
    [column.list(column.struct({ a: column.long() })), 'array<struct<a:bigint>>'],
    [column.map(column.decimal(3, 1)), 'map<string,decimal(3,1)>'],
  ])('%j is %s in Hive', ({ type }, hive) => {
    expect(hiveType(type)).toBe(hive);
  });

  test('a catalog that fails leaves the views before it', async () => {
    const put: string[] = [];
    const failing: ViewCatalog = {
      getView: () => Promise.resolve(undefined),
      listViews: () => Promise.resolve([]),
      dropView: () => Promise.resolve(),
      putView: (name) => {
        if (put.length === 1) return Promise.reject(new Error('down'));
        put.push(name.table);
        return Promise.resolve();
      },
    };
    await expect(deployViews(failing, await planOf())).rejects.toThrow('down');
    expect(put).toEqual(['latest']);
  });
});
