import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ObjectStore } from '../../src/ports/object-store.ts';

export interface ObjectStoreUnderTest {
  store: ObjectStore;
  /** URI prefix for objects, ending in a slash. */
  prefix: string;
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

/** The laws of `src/ports/object-store.ts`. */
export function objectStoreContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`object store: ${name}`, () => {
    let it: ObjectStoreUnderTest;
    let folder: string;
    beforeEach(async () => {
      it = await open();
      folder = await mkdtemp(join(tmpdir(), 'tidemark-store-'));
    });
    afterEach(async () => {
      await it.close();
      await rm(folder, { recursive: true, force: true });
    });

    test('what was put is there to get, to head and to list', async () => {
      const uri = `${it.prefix}a/b.txt`;
      await it.store.put(uri, bytes('hello'));
      expect(Buffer.from(await it.store.get(uri)).toString()).toBe('hello');
      expect(await it.store.head(uri)).toEqual({ size: 5 });
      const listed: string[] = [];
      for await (const object of it.store.list(`${it.prefix}a/`)) listed.push(object.uri);
      expect(listed).toEqual([uri]);
    });

    test('a second put never replaces: it conflicts, and the old bytes stay', async () => {
      const uri = `${it.prefix}once`;
      await it.store.put(uri, bytes('first'));
      await expect(it.store.put(uri, bytes('second'))).rejects.toMatchObject({ kind: 'conflict' });
      expect(Buffer.from(await it.store.get(uri)).toString()).toBe('first');
    });

    test('of many concurrent puts of one name exactly one wins, whole', async () => {
      const uri = `${it.prefix}race`;
      const bodies = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
      const settled = await Promise.allSettled(bodies.map((b) => it.store.put(uri, bytes(b))));
      expect(settled.filter((s) => s.status === 'fulfilled')).toHaveLength(1);
      const winner = bodies[settled.findIndex((s) => s.status === 'fulfilled')];
      expect(Buffer.from(await it.store.get(uri)).toString()).toBe(winner);
    });

    test('a file put by path arrives whole, and a second one of its name conflicts', async () => {
      const uri = `${it.prefix}file.bin`;
      await writeFile(join(folder, 'one'), 'one');
      await it.store.putFile(uri, join(folder, 'one'));
      expect(Buffer.from(await it.store.get(uri)).toString()).toBe('one');
      await writeFile(join(folder, 'two'), 'two');
      await expect(it.store.putFile(uri, join(folder, 'two'))).rejects.toMatchObject({ kind: 'conflict' });
      expect(Buffer.from(await it.store.get(uri)).toString()).toBe('one');
    });

    test('an absent object is told as absent, not as empty', async () => {
      const uri = `${it.prefix}nothing`;
      await expect(it.store.get(uri)).rejects.toMatchObject({ kind: 'notFound' });
      await expect(it.store.readable(uri)).rejects.toMatchObject({ kind: 'notFound' });
      expect(await it.store.head(uri)).toBeUndefined();
      await it.store.delete(uri);
    });

    test('a deleted object is gone, and its name is free again', async () => {
      const uri = `${it.prefix}gone`;
      await it.store.put(uri, bytes('x'));
      await it.store.delete(uri);
      expect(await it.store.head(uri)).toBeUndefined();
      await it.store.put(uri, bytes('y'));
    });

    test('what is made readable has the bytes, for many who ask at once and again later', async () => {
      const uri = `${it.prefix}deep/er/read.bin`;
      await it.store.put(uri, bytes('0123456789'.repeat(1000)));
      const paths = await Promise.all(Array.from({ length: 8 }, () => it.store.readable(uri)));
      for (const path of [...paths, await it.store.readable(uri)])
        expect(await readFile(path, 'utf8')).toBe('0123456789'.repeat(1000));
    });

    test('names with spaces, percent signs and letters beyond ASCII survive', async () => {
      const uri = `${it.prefix}${encodeURIComponent('a b%20ü.txt')}`;
      await it.store.put(uri, bytes('x'));
      expect(await it.store.head(uri)).toEqual({ size: 1 });
    });
  });
}
