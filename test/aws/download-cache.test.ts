import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { DownloadCache, type Download } from '../../src/adapters/aws/download-cache.ts';
import { systemClock, systemRandom } from '../../src/adapters/local/system.ts';

const PORTS = { clock: systemClock, random: systemRandom };

describe('a folder of downloads', () => {
  let folder: string;
  let downloads: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-cache-'));
    downloads = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (maxBytes = 100): DownloadCache => new DownloadCache({ folder, maxBytes }, PORTS);
  const of = (uri: string, text = uri): (() => Promise<Download>) => {
    return () => {
      downloads.push(uri);
      return Promise.resolve({ size: text.length, body: Readable.from([Buffer.from(text)]) });
    };
  };
  const get = (cache: DownloadCache, uri: string, user: object = {}, text = uri.padEnd(30, '.')) =>
    cache.path(uri, user, of(uri, text));

  test('an object is downloaded once, also for many at the same time', async () => {
    const cache = open();
    const paths = await Promise.all(Array.from({ length: 20 }, () => get(cache, 'a')));
    expect(new Set(paths).size).toBe(1);
    expect(await readFile(paths[0]!, 'utf8')).toBe('a'.padEnd(30, '.'));
    expect(downloads).toEqual(['a']);
  });

  test('the least recently used goes first, and only when there is no room', async () => {
    const cache = open();
    const user = {};
    for (const uri of ['a', 'b', 'c']) await get(cache, uri, user);
    await get(cache, 'a', user);
    cache.release(user);
    await get(cache, 'd');
    downloads = [];
    for (const uri of ['a', 'c', 'd']) await get(cache, uri);
    expect(downloads).toEqual([]);
    expect(cache.bytes).toBe(90);
  });

  test('a file in use stays; when all are, the next is refused and nothing is lost', async () => {
    const cache = open();
    const user = {};
    const paths = [await get(cache, 'a', user), await get(cache, 'b', user), await get(cache, 'c', user)];
    await expect(get(cache, 'd', user)).rejects.toMatchObject({
      kind: 'refused',
      context: { inUse: 90, maxBytes: 100 },
    });
    for (const path of paths) await readFile(path);
    expect(cache.bytes).toBe(90);
    cache.release(user);
    await get(cache, 'd', user);
  });

  test('a file that two use stays until both are done', async () => {
    const cache = open(30);
    const [one, two] = [{}, {}];
    await Promise.all([get(cache, 'a', one), get(cache, 'a', two)]);
    cache.release(one);
    await expect(get(cache, 'b')).rejects.toMatchObject({ kind: 'refused' });
    cache.release(two);
    await get(cache, 'b');
  });

  test('a download that breaks off leaves nothing, and is tried anew', async () => {
    const cache = open();
    const broken = () => Promise.resolve({ size: 30, body: Readable.from([Buffer.from('half')]) });
    await expect(cache.path('a', {}, broken)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(await readdir(folder)).toEqual([]);
    expect(cache.bytes).toBe(0);
    await get(cache, 'a');
  });

  test('another process goes on with what is there, without the halves of one that was killed', async () => {
    await get(open(), 'a');
    await writeFile(join(folder, 'x.part'), 'old');
    await utimes(join(folder, 'x.part'), 0, 0);
    await writeFile(join(folder, 'y.part'), 'young');
    downloads = [];
    const next = open();
    await get(next, 'a');
    expect(downloads).toEqual([]);
    expect(await readdir(folder)).toContain('y.part');
    expect(await readdir(folder)).not.toContain('x.part');
    expect(next.bytes).toBe(30);
  });

  test('a file that was removed or cut behind its back is downloaded again', async () => {
    const cache = open();
    await rm(await get(cache, 'a'));
    await writeFile(await get(cache, 'a'), 'cut');
    expect(await readFile(await get(cache, 'a'), 'utf8')).toHaveLength(30);
    expect(downloads).toEqual(['a', 'a', 'a']);
    expect(cache.bytes).toBe(30);
  });
});
