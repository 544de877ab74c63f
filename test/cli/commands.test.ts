import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LakehouseState } from '../../src/local/state.ts';
import type { Finished } from '../local/support/process.ts';
import { DEFINITION, FREE_PORTS, RECORDS, run, visit, Workplace } from './support.ts';

/** A mistake of the user: its code, its sentence, no stack. */
function expectMistake(finished: Finished, code: number, ...words: string[]): void {
  expect({ ...finished, words: words.filter((w) => !finished.stderr.includes(w)) }).toMatchObject({
    code,
    words: [],
  });
  expect(finished.stderr).not.toMatch(/^\s+at /m);
  expect(finished.stdout).toBe('');
}

describe('commands, as they are typed', () => {
  let place: Workplace;
  beforeAll(async () => {
    place = await Workplace.make();
    const first = await place.fill();
    expect({ code: first.code, stderr: first.stderr }).toEqual({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`${RECORDS} records claimed, 0 in quarantine, 0 alerts`);
  });
  afterAll(() => place.remove());

  const query = (sql: string, ...args: string[]): Promise<Finished> => place.run('query', sql, ...args);

  test.each([
    ['--help', 'Commands:'],
    ['dev --help', 'tidemark dev --speed max --exit-when-idle'],
    ['produce --help', 'tidemark produce flight_events'],
    ['query --help', 'tidemark query "SELECT'],
    ['status --help', 'tidemark status --format json'],
    ['tables --help', 'tidemark tables --format csv'],
    ['reset --help', 'tidemark reset --yes'],
  ])('tidemark %s ends with 0, an example and the exit codes', async (args, words) => {
    const { code, stdout, stderr } = await run(args.split(' '));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(words);
    expect(stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 refused.');
  });

  test.each([
    ['query', 'missing required argument'],
    ['query x --format xml', 'Allowed choices are table, json, csv'],
    ['query x --max-rows 0', 'whole number above 0'],
    ['dev --speed slow', 'write max'],
    ['dev --port 70000', 'write a port'],
    ['dance', 'unknown command'],
    ['query x --colour', 'unknown option'],
  ])('a wrong option or argument is code 2: tidemark %s', async (args, words) => {
    expectMistake(await run(args.split(' ')), 2, words);
  });

  test('without a command it shows the help, with code 2', async () => {
    const { code, stderr } = await run([]);
    expect(code).toBe(2);
    expect(stderr).toContain('Commands:');
  });

  test('a second run over the same folder puts nothing new and has the same rows', async () => {
    const before = await query('SELECT * FROM visitors ORDER BY 1', '--format', 'csv');
    const second = await place.fill();
    expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 0, stderr: '' });
    expect(second.stdout).toContain(`${RECORDS} records claimed`);
    expect(await query('SELECT * FROM visitors ORDER BY 1', '--format', 'csv')).toEqual(before);
    expect((await query('SELECT count(*) FROM park_realtime.entries', '--format', 'csv')).stdout).toBe(
      `count_star()\r\n${RECORDS}\n`,
    );
  });

  test('a table for people: numbers to the right, NULL said', async () => {
    const { stdout } = await query(`SELECT visitor, gate, note FROM visitors ORDER BY seen LIMIT 2`);
    expect(stdout).toBe(
      'visitor  gate  note\n───────  ────  ────\nv0          0  NULL\nv1          1  NULL\n',
    );
  });

  test('JSON for programs', async () => {
    const { stdout } = await query(
      `SELECT visitor, gate, note FROM visitors ORDER BY seen LIMIT 2`,
      '--format',
      'json',
    );
    expect(JSON.parse(stdout)).toEqual([
      { visitor: 'v0', gate: 0, note: null },
      { visitor: 'v1', gate: 1, note: null },
    ]);
    expect(
      JSON.parse((await query('SELECT 1 AS a FROM visitors WHERE false', '--format', 'json')).stdout),
    ).toEqual([]);
  });

  test('CSV for spreadsheets, quoted where it must be', async () => {
    const { stdout } = await query(`SELECT 'a "b", c' AS t, NULL AS n, 1.5 AS d`, '--format', 'csv');
    expect(stdout).toBe('t,n,d\r\n"a ""b"", c",,1.5\n');
  });

  test('an answer that is cut says so, and not on the standard output', async () => {
    const { code, stdout, stderr } = await query(
      'SELECT visitor FROM visitors',
      '--max-rows',
      '3',
      '--format',
      'csv',
    );
    expect([code, stdout.split('\r\n').length]).toEqual([0, 4]);
    expect(stderr).toContain('only the first 3 rows');
  });

  test.each([
    ['SELEC 1', 2, 'syntax'],
    ['SELECT nothing FROM visitors', 2, 'nothing'],
    ['SELECT * FROM visitor', 3, 'visitor'],
    ['DROP TABLE visitors', 4, 'SELECT'],
    [`SELECT * FROM read_csv('/etc/passwd')`, 4, ''],
    ['', 2, ''],
  ])('a wrong statement is a sentence and a code: %s', async (sql, code, words) => {
    const finished = await query(sql);
    expect(finished.stderr.toLowerCase()).toContain(words.toLowerCase());
    expect({ sql, ...finished }).toMatchObject({ sql, code, stdout: '' });
    expect(finished.stderr).not.toMatch(/^\s+at /m);
  });

  test('status for people and for programs', async () => {
    const shown = await place.run('status');
    expect(shown.stdout).toContain('lakehouse park, not running');
    expect(shown.stdout).toMatch(/silver\s+visitors\s+40/);
    const { stdout } = await place.run('status', '--format', 'json');
    const state = JSON.parse(stdout) as LakehouseState & { running: boolean };
    expect(state).toMatchObject({
      lakehouse: 'park',
      running: false,
      streams: [{ name: 'visits', shards: 1, records: RECORDS, lagMs: 0 }],
      alerts: { total: 0, recent: [] },
      quarantined: 0,
    });
    const entries = state.tables.find((t) => t.table === 'entries')!;
    expect(entries).toMatchObject({
      layer: 'realtime',
      database: 'park_realtime',
      rows: RECORDS,
      deleteFiles: 0,
    });
    expect(Object.keys(entries.tidemark)).toEqual(['visits']);
    expect(entries.freshness?.samples).toBe(RECORDS);
    expect(state.tables.find((t) => t.table === 'visitors')!.lastMerge).toMatchObject({ changed: RECORDS });
  });

  test('tables names every view and table with its columns', async () => {
    const { stdout } = await place.run('tables', '--format', 'csv');
    const names = stdout
      .trim()
      .split('\r\n')
      .slice(1)
      .map((l) => l.split(',').slice(0, 2).join(' '));
    expect(names).toEqual(
      expect.arrayContaining([
        'view park.visitors',
        'realtime park_realtime.entries',
        'silver park_silver.visitors',
        'gold park_gold.by_gate',
        'ops park_ops.quarantine',
      ]),
    );
    const { stdout: json } = await place.run('tables', '--format', 'json');
    expect(JSON.parse(json)).toEqual(
      expect.arrayContaining([expect.objectContaining({ database: 'park_gold', table: 'by_gate', rows: 3 })]),
    );
  });

  test.each(['query SELECT', 'status', 'tables'])(
    'a folder without a lakehouse is code 3: tidemark %s',
    async (args) => {
      expectMistake(
        await run([...args.split(' '), '--data', join(place.folder, 'nowhere')]),
        3,
        'there is no lakehouse in',
        'tidemark dev',
      );
      expect(existsSync(join(place.folder, 'nowhere'))).toBe(false);
    },
  );

  test('produce says what is missing: the runtime, the file', async () => {
    expectMistake(
      await place.run('produce', 'visits', join(place.folder, 'visits.ndjson')),
      3,
      'no lakehouse runs in',
    );
    expectMistake(
      await place.run('produce', 'visits', join(place.folder, 'none.ndjson')),
      3,
      'there is no file',
    );
    expectMistake(await place.run('produce', 'visits', place.folder), 2, 'is a folder');
  });

  test('the note of a killed runtime is not believed', async () => {
    const stale = {
      pid: 2 ** 22 + 1,
      endpoint: 'http://127.0.0.1:9',
      startedAt: 0,
      console: 'http://127.0.0.1:9',
    };
    await writeFile(join(place.data, 'runtime.json'), JSON.stringify(stale));
    try {
      const { stdout } = await place.run('status', '--format', 'json');
      expect(JSON.parse(stdout)).toMatchObject({ running: false });
      expectMistake(
        await place.run('produce', 'visits', join(place.folder, 'visits.ndjson')),
        3,
        'no lakehouse runs in',
      );
    } finally {
      await rm(join(place.data, 'runtime.json'));
    }
  });

  describe('dev', () => {
    const dev = (definition: string, ...args: string[]): Promise<Finished> =>
      run([
        'dev',
        definition,
        '--data',
        join(place.folder, 'other'),
        '--exit-when-idle',
        ...FREE_PORTS,
        ...args,
      ]);

    test('a definition that is not there is code 3', async () => {
      expectMistake(await dev(join(place.folder, 'none.ts')), 3, 'there is no definition at');
    });

    test.each([
      ['syntax.ts', 'export default {', 'cannot be loaded'],
      ['throws.ts', 'throw new Error("no such luck")', 'no such luck'],
      ['empty.ts', 'export const a = 1;', 'does not export a lakehouse'],
      ['import.ts', "import './missing.ts'; export default {};", 'cannot be loaded'],
      [
        'wrong.ts',
        `import { column, defineLakehouse, sql } from 'tidemark';
         export default defineLakehouse('park', {
           streams: { visits: { columns: { visitor: column.string(), at: column.timestamp() }, eventTime: 'att' } },
           realtime: { entries: { from: 'visitz', where: sql\`gate >\` } },
         });`,
        'visitz',
      ],
    ])('a definition with errors is code 2 and says where: %s', async (name, text, words) => {
      expectMistake(await dev(await place.file(name, text)), 2, words);
    });

    test('a replay whose file is missing is code 3, and nothing stays locked', async () => {
      const text = DEFINITION.replace('visits.ndjson', 'gone.ndjson');
      const finished = await dev(await place.file('gone.ts', text));
      expect(finished.code).toBe(3);
      expect(finished.stderr).toContain('gone.ndjson');
      expect(finished.stderr).not.toMatch(/^\s+at /m);
      expect(existsSync(join(place.folder, 'other', 'kinesis', 'LOCK'))).toBe(false);
    });

    test('a lakehouse of another name is refused in this folder', async () => {
      const other = await place.file('other.ts', DEFINITION.replace("'park'", "'zoo'"));
      const finished = await run(['dev', other, '--data', place.data, '--exit-when-idle', ...FREE_PORTS]);
      expectMistake(finished, 4, 'this folder holds the lakehouse "park", not "zoo"', '--data');
    });

    test.each(['--port', '--console-port'])(
      'a port in use is code 4 and says which option: %s',
      async (option) => {
        const taken = createServer();
        await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
        try {
          const { port } = taken.address() as AddressInfo;
          const free = option === '--port' ? '--console-port' : '--port';
          const args = [
            'dev',
            place.definition,
            '--data',
            place.data,
            '--exit-when-idle',
            free,
            '0',
            option,
            String(port),
          ];
          const finished = await run(args);
          expect(finished.code).toBe(4);
          expect(finished.stderr).toContain(`port ${port} is in use`);
          expect(finished.stderr).toContain(option);
          expect(finished.stderr).not.toMatch(/^\s+at /m);
        } finally {
          taken.close();
        }
      },
    );
  });

  describe('reset', () => {
    test('without --yes it deletes nothing', async () => {
      expectMistake(await place.run('reset'), 4, '--yes');
      expect(existsSync(place.data)).toBe(true);
    });

    test('a folder that is no lakehouse is left alone', async () => {
      const foreign = join(place.folder, 'foreign');
      await mkdir(join(foreign, 'kinesis'), { recursive: true });
      await writeFile(join(foreign, 'thesis.txt'), 'years');
      expectMistake(await run(['reset', '--yes', '--data', foreign]), 4, 'is not the folder of a lakehouse');
      expect(existsSync(join(foreign, 'thesis.txt'))).toBe(true);
      const nothing = await run(['reset', '--yes', '--data', join(place.folder, 'nowhere')]);
      expect(nothing.code).toBe(0); // a script may say it twice
    });

    test('it deletes a lakehouse, and the next start begins anew', async () => {
      const own = await Workplace.make();
      try {
        expect((await own.fill()).code).toBe(0);
        const gone = await own.run('reset', '--yes');
        expect({ code: gone.code, stderr: gone.stderr }).toEqual({ code: 0, stderr: '' });
        expect(existsSync(own.data)).toBe(false);
        await own.file('visits.ndjson.gz', gzipSync(visit(1)));
        expect((await own.fill()).stdout).toContain(`${RECORDS} records claimed`);
      } finally {
        await own.remove();
      }
    });
  });
});
