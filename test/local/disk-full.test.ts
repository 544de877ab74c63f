import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openStores } from '../../src/local/stores.ts';
import { DEFINITION, expectJanuary } from './support/flights.ts';
import { FREE_PORTS, start } from './support/process.ts';

/** Too small for the month, whose stream, tables and database come to about 70 MB. */
const DISK = '40m';
const PROGRAM = fileURLToPath(new URL('../../dist/tidemark.js', import.meta.url));

/** A disk of its own needs a mount in a namespace of its own: Linux, and root. */
const possible =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'true']).status === 0;
const wanted = process.env.CI === 'true' || possible;
const when = possible ? test : test.skip;

describe('a disk that is full', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-disk-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('can be had here, or this is no CI (needs root on Linux)', () => {
    expect({ possible, wanted }).toEqual({ possible: wanted, wanted });
  });

  when(
    'in the middle of a replay ends it with status 1 and a sentence, or it waits; with space again nothing is missing',
    async () => {
      const disk = join(folder, 'disk');
      const saved = join(folder, 'saved');
      const script = join(folder, 'on-a-small-disk.sh');
      const args = ['dev', DEFINITION, '--data', join(disk, 'data'), '--exit-when-idle', ...FREE_PORTS];
      // The process gets 40 seconds: one that waits for space is as good as one that ends, and is killed.
      await writeFile(
        script,
        `set -u
mkdir -p "${disk}" "${saved}"
mount -t tmpfs -o size=${DISK} tmpfs "${disk}" || exit 90
timeout --signal=KILL 40 "${process.execPath}" "${PROGRAM}" ${args.map((a) => `"${a}"`).join(' ')} >"${folder}/out" 2>"${folder}/err"
echo $? >"${folder}/code"
cp -a --sparse=always "${disk}/data" "${saved}/data" || exit 91
`,
      );
      const shell = spawn('unshare', ['-m', 'sh', script], { stdio: 'ignore' });
      expect(await new Promise((resolve) => shell.on('close', resolve))).toBe(0);
      const read = async (name: string): Promise<string> =>
        (await readFile(join(folder, name), 'utf8')).trim();
      const [code, said] = [await read('code'), await read('err')];
      expect({ code, ok: ['1', '137'].includes(code) }).toEqual({ code, ok: true });
      expect(said).toMatch(/no space left|disk (is )?full|ENOSPC/i);
      if (code === '1')
        expect(said.split('\n').slice(-2).join('\n')).toMatch(/^error: .*\n {2}free (some|disk) space/);

      // Outside the namespace the same path is on the large disk; tables name their files by whole paths.
      const data = join(disk, 'data');
      await cp(join(saved, 'data'), data, { recursive: true });
      const again = await start(['dev', DEFINITION, '--data', data, '--exit-when-idle', ...FREE_PORTS])
        .finished;
      expect({ code: again.code, stderr: again.stderr }).toEqual({ code: 0, stderr: '' });
      const stores = openStores(data, false);
      try {
        await expectJanuary(stores.io);
      } finally {
        await stores.close();
      }
    },
    180_000,
  );
});
