import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openStores } from '../../src/local/stores.ts';
import { DEFINITION, expectJanuary } from './support/flights.ts';
import { FREE_PORTS, start } from './support/process.ts';

const KILLS = 20;

/** Mulberry32: the moments of a failing run can be had again by its seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('a process that is killed', () => {
  const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-kill-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test(`loses nothing and doubles nothing over ${KILLS} kills (KILL_SEED=${seed})`, async () => {
    const next = random(seed);
    const args = ['dev', DEFINITION, '--data', folder, '--exit-when-idle', ...FREE_PORTS];
    let early = 0;
    for (let i = 0; i < KILLS; i++) {
      const { child, finished } = start(args);
      await wait(300 + next() * 1_200);
      child.kill('SIGKILL');
      const { code, stderr } = await finished;
      // A run may finish before its kill; only that may end with a status.
      if (code !== null) {
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        early++;
      }
    }
    expect(early).toBeLessThan(KILLS / 2);
    const last = await start(args).finished;
    expect({ code: last.code, stderr: last.stderr }).toEqual({ code: 0, stderr: '' });
    const stores = openStores(folder, false);
    try {
      await expectJanuary(stores.io);
    } finally {
      await stores.close();
    }
  }, 240_000);
});
