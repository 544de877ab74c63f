import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isStatementError } from '../../../src/engine/engine-error.ts';
import { Engine, type Session } from '../../../src/engine/session.ts';
import { TidemarkError } from '../../../src/errors.ts';

async function failure(work: Promise<unknown>): Promise<TidemarkError> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(TidemarkError);
  return error as TidemarkError;
}

describe('a sandboxed engine', () => {
  let folder: string;
  let engine: Engine;
  let session: Session;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-sandbox-'));
    await writeFile(join(folder, 'inside.csv'), 'a\n1\n');
    engine = await Engine.open({
      threads: 1,
      memoryLimit: '200MB',
      sandbox: true,
      allowedDirectories: [folder],
    });
    session = await engine.session();
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  test.each([
    [`SELECT * FROM read_csv('/etc/passwd')`],
    [`SELECT * FROM read_text('/etc/hostname')`],
    [`SELECT * FROM read_parquet('s3://bucket/x.parquet')`],
    [`FROM '/etc/passwd.csv'`],
    [`SELECT * FROM glob('/etc/*')`],
    [`COPY (SELECT 1) TO '/var/tmp/tidemark-escape.csv'`],
    [`EXPORT DATABASE '/var/tmp/tidemark-escape'`],
    [`ATTACH '/var/tmp/tidemark-escape.db'`],
    [`INSTALL httpfs`],
    [`LOAD httpfs`],
    [`SET threads = 8`],
    [`SET enable_external_access = true`],
    [`RESET lock_configuration`],
    [`SET allowed_directories = ['/']`],
    [`CALL enable_logging(storage = 'file', storage_config = {'path': '/var/tmp/tidemark-escape'})`],
    [`SELECT * FROM "ENABLE_LOGGING"('x')`],
  ])('refuses %s', async (statement) => {
    expect((await failure(session.run(statement))).kind).toBe('refused');
  });

  test('still works after what it refused, and left no file behind', async () => {
    expect(await session.rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(stat('/var/tmp/tidemark-escape')).rejects.toThrow('ENOENT');
    await expect(stat('/var/tmp/tidemark-escape.csv')).rejects.toThrow('ENOENT');
  });

  test('reads and writes in its own directory', async () => {
    await session.run(
      `COPY (SELECT a + 1 AS a FROM read_csv('${folder}/inside.csv')) TO '${folder}/out.csv'`,
    );
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe('a\n2\n');
  });

  test('has no function that reads the environment', async () => {
    expect(isStatementError(await failure(session.rows(`SELECT getenv('HOME')`)))).toBe(true);
  });
});

describe('an engine', () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 2 });
    session = await engine.session();
  });
  afterAll(() => engine.close());

  test('keeps time in UTC in every session, whatever the machine says', async () => {
    for (const s of [session, await engine.session()]) {
      const [row] = await s.rows(
        `SELECT current_setting('TimeZone') AS zone, CAST(TIMESTAMPTZ '2024-07-01 00:00:00+02' AS VARCHAR) AS t`,
      );
      expect(row).toEqual({ zone: 'UTC', t: '2024-06-30 22:00:00+00' });
    }
  });

  test('gives rows as JSON without losing digits', async () => {
    const [row] = await session.rows(
      `SELECT 9007199254740993::BIGINT AS l, 1.10::DECIMAL(20,2) AS d, TIMESTAMP '2024-01-01 00:00:00.120' AS t, DATE '2024-01-01' AS day, NULL AS n, [1, 2] AS list, {'a': 'x'} AS s`,
    );
    expect(row).toEqual({
      l: '9007199254740993',
      d: '1.10',
      t: '2024-01-01 00:00:00.12',
      day: '2024-01-01',
      n: null,
      list: [1, 2],
      s: { a: 'x' },
    });
    expect(JSON.parse(JSON.stringify(row))).toEqual(row);
  });

  test('names and types a result without running it', async () => {
    expect(await session.columns(`SELECT 1 AS a, 'x' AS b, error('must not run')::DATE AS c`)).toEqual([
      { name: 'a', type: 'INTEGER' },
      { name: 'b', type: 'VARCHAR' },
      { name: 'c', type: 'DATE' },
    ]);
  });

  test('shows temporary tables to their own session only, and rows that came after a statement was first run', async () => {
    const other = await engine.session();
    await session.run('CREATE TEMP TABLE mine (a INTEGER)');
    expect(await session.rows('SELECT count(*) AS n FROM mine WHERE a > 0')).toEqual([{ n: '0' }]);
    await session.run('INSERT INTO mine VALUES (1)');
    expect(await session.rows('SELECT count(*) AS n FROM mine WHERE a > 0')).toEqual([{ n: '1' }]);
    expect(isStatementError(await failure(other.rows('SELECT * FROM mine')))).toBe(true);
    await other.close();
  });

  test('tells values that do not fit from statements that are wrong: only the first are the records’ fault', async () => {
    const value = await failure(session.rows(`SELECT CAST(x AS INTEGER) FROM (VALUES ('a')) t(x)`));
    expect([value.kind, isStatementError(value)]).toEqual(['invalid', false]);
    const overflow = await failure(session.rows(`SELECT x + x FROM (VALUES (2147483647::INTEGER)) t(x)`));
    expect(overflow.kind).toBe('invalid');
    for (const wrong of ['SELEC 1', 'SELECT * FROM nowhere', 'SELECT nothing_of_that_name']) {
      const error = await failure(session.rows(wrong));
      expect([error.kind, isStatementError(error)]).toEqual(['internal', true]);
    }
  });

  test('an error says where in the statement it is, in one line', async () => {
    const error = await failure(session.rows('SELECT 1,\n  nowhere.column_x FROM range(3)'));
    expect(error.message).toMatch(/^SQL: .*nowhere.* \(line 2, near "nowhere.column_x.*"\)$/);
    expect(error.context).toMatchObject({ engine: 'Binder', line: 2 });
  });

  test('a closed session is refused, and closing twice is nothing', async () => {
    const s = await engine.session();
    await s.close();
    await s.close();
    expect((await failure(s.rows('SELECT 1'))).kind).toBe('internal');
  });

  test('allowed directories without a sandbox would protect nothing', async () => {
    const error = await failure(Engine.open({ threads: 1, allowedDirectories: ['/data'] }));
    expect([error.kind, error.remedy]).toEqual([
      'invalid',
      'set sandbox: true, or leave allowedDirectories out',
    ]);
  });
});
