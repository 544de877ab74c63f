import { mkdirSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';

/** The embedded database of a local lakehouse: one file, several processes may read and write it. */
export type LocalDatabase = RootDatabase;

export function openDatabase(directory: string): LocalDatabase {
  mkdirSync(directory, { recursive: true });
  return open({ path: directory, maxDbs: 16, encoding: 'json', mapSize: 64 * 1024 ** 3, noSubdir: false });
}

/** Ordered keys of text parts, JSON values. */
export type Store<T> = Database<T, string[]>;

export function openStore<T>(database: LocalDatabase, name: string): Store<T> {
  return database.openDB<T, string[]>({ name, encoding: 'json' });
}

/** The first key after every key that begins with `prefix`: text parts sort before this sentinel. */
export function afterPrefix(prefix: string[]): string[] {
  return [...prefix, '\u{10ffff}'];
}
