import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LakehouseState } from '../../src/local/state.ts';
import { FREE_PORTS, RECORDS, run, visit, Workplace } from './support.ts';

describe('a running lakehouse', () => {
  let place: Workplace;
  let running: Awaited<ReturnType<Workplace['dev']>>;
  beforeAll(async () => {
    place = await Workplace.make();
    running = await place.dev();
  });
  afterAll(async () => {
    running.child.kill('SIGKILL');
    await running.finished;
    await place.remove();
  });

  test('answers queries of other processes while it runs', async () => {
    await place.until('SELECT count(*) FROM visitors', String(RECORDS));
    await place.until('SELECT count(*) FROM park_silver.visitors', String(RECORDS));
  });

  test('status comes from it, by its console', async () => {
    const { code, stdout } = await place.run('status', '--format', 'json');
    expect(code).toBe(0);
    const state = JSON.parse(stdout) as LakehouseState & { running: boolean };
    expect(state).toMatchObject({ running: true, endpoint: running.kinesis });
    expect(state.replays).toEqual([
      expect.objectContaining({ stream: 'visits', done: RECORDS, total: RECORDS, finished: true }),
    ]);
    expect((await place.run('status')).stdout).toContain(`running at ${running.kinesis}`);
  });

  test('produce puts a file, and what is wrong in it goes to quarantine', async () => {
    const lines = [visit(100), 'no json', visit(101, { gate: 'north' }), visit(102, { gate: 9 })];
    const file = await place.file('more.ndjson.gz', gzipSync(lines.join('\n')));
    const { code, stdout, stderr } = await place.run('produce', 'visits', file, '--partition-key', 'visitor');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '4 records put into visits\n', stderr: '' });
    await place.until('SELECT count(*) FROM visitors', String(RECORDS + 2));
    await place.until('SELECT reason FROM park_ops.quarantine ORDER BY 1', 'not_json;wrong_type');
    const { stdout: status } = await place.run('status', '--format', 'json');
    expect(JSON.parse(status)).toMatchObject({ quarantined: 2, alerts: { total: 1 } });
  });

  test('produce to an unknown stream is code 3, an unreadable file code 2', async () => {
    const wrong = await place.run('produce', 'visitz', join(place.folder, 'visits.ndjson'));
    expect(wrong).toMatchObject({ code: 3, stdout: '' });
    expect(wrong.stderr).toContain('there is no stream "visitz"');
    const broken = await place.file('broken.ndjson.gz', 'this is not gzip');
    const refused = await place.run('produce', 'visits', broken);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('broken.ndjson.gz');
    expect(wrong.stderr + refused.stderr).not.toMatch(/^\s+at /m);
  });

  test('an empty file is no error', async () => {
    const { code, stdout } = await place.run('produce', 'visits', await place.file('empty.ndjson', ''));
    expect({ code, stdout }).toEqual({ code: 0, stdout: '0 records put into visits\n' });
  });

  test('a second runtime on the folder is refused and the first unharmed', async () => {
    const second = await run([
      'dev',
      place.definition,
      '--data',
      place.data,
      '--exit-when-idle',
      ...FREE_PORTS,
    ]);
    expect(second).toMatchObject({ code: 4, stdout: '' });
    expect(second.stderr).toContain('is in use by process');
    expect(second.stderr).not.toMatch(/^\s+at /m);
    const file = await place.file('later.ndjson', visit(200));
    expect((await place.run('produce', 'visits', file)).code).toBe(0);
    await place.until(`SELECT count(*) FROM visitors WHERE visitor = 'v200'`, '1');
  });

  test('reset is refused while it runs', async () => {
    const refused = await place.run('reset', '--yes');
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    expect(refused.stderr).toContain('in use');
    await place.until('SELECT count(*) FROM visitors', String(RECORDS + 3));
  });

  test('a reader that goes away is no failure', async () => {
    const program = join(import.meta.dirname, '../../dist/tidemark.js');
    const shell = `"${process.execPath}" "${program}" query "SELECT a.*, b.* FROM visitors a, visitors b, visitors c" --data "${place.data}" | head -n 1; echo "code \${PIPESTATUS[0]}"`;
    const child = spawn('bash', ['-c', shell]);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await new Promise((resolve) => child.on('close', resolve));
    expect(out).not.toContain('EPIPE');
    expect(out).toMatch(/code 0\n$/);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0 and leaves nothing locked', async (signal) => {
    running.child.kill(signal);
    const { code, stderr, stdout } = await running.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('records claimed');
    expect(existsSync(join(place.data, 'runtime.json'))).toBe(false);
    expect(existsSync(join(place.data, 'kinesis', 'LOCK'))).toBe(false);
    running = await place.dev();
    await place.until('SELECT count(*) FROM visitors', String(RECORDS + 3));
  });

  test('it ends at once also in the middle of a replay', async () => {
    const many = await Workplace.make();
    try {
      await many.file('visits.ndjson', Array.from({ length: 60_000 }, (_, i) => visit(i)).join('\n'));
      const busy = await many.dev('--exit-when-idle');
      busy.child.kill('SIGINT');
      const { code, stderr } = await busy.finished;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const rest = await many.fill();
      expect({ code: rest.code, stderr: rest.stderr }).toEqual({ code: 0, stderr: '' });
      await many.until('SELECT count(*), count(DISTINCT visitor) FROM park_realtime.entries', '60000,60000');
    } finally {
      await many.remove();
    }
  });
});
