import { MARK_KEY, positionIn, readMark } from '../commit/mark.ts';
import { currentSnapshot, loadTable, reachableFiles, type Table, type TableIo } from '../iceberg/index.ts';
import { tableKey, type TableName } from '../ports/catalog.ts';
import type { Ledger } from '../ports/ledger.ts';

/** Since when an object was found to be named by nothing; durable. */
export interface UnreferencedLog {
  all(table: string): Promise<Map<string, number>>;
  /** Replaces what is known of the table. */
  set(table: string, since: Map<string, number>): Promise<void>;
}

export interface CleanPorts {
  io: TableIo;
  ledger: Ledger;
  log: UnreferencedLog;
}

export interface CleanSettings {
  /** How long an object must have been named by nothing before it goes, milliseconds: longer than any query and than the time in which an erased commit is found and repaired. */
  keepMs: number;
  /** Prefixes, ending in a slash, that only this table's files are under, beside its location. */
  prefixes: string[];
}

/** The mark files of the table and of its retained snapshots. */
function markPaths(table: Table): string[] {
  const pointers = [
    table.metadata.properties[MARK_KEY],
    ...table.metadata.snapshots.map((s) => s.summary[MARK_KEY]),
  ];
  const paths = pointers.filter((p) => p !== undefined).map((p) => (JSON.parse(p) as { path: string }).path);
  return paths;
}

/**
 * Every object that the table, its retained snapshots, its mark or an intent that is not committed yet names. Files of
 * committed intents are the table's; when a foreign commit erases them they are unnamed, and kept as long as that is repaired.
 */
async function namedFiles(ports: CleanPorts, table: Table): Promise<Set<string>> {
  const { io, ledger } = ports;
  const { metadata, data } = await reachableFiles(io, table.metadata);
  const mark = await readMark(io.store, table);
  const touched = mark.touched.flatMap((t) => Object.values(t.files));
  const named = new Set([
    ...metadata,
    ...data,
    table.entry.metadataLocation,
    ...markPaths(table),
    ...touched,
  ]);
  for (const ref of await ledger.intentShards(table.name)) {
    const from = positionIn(mark, ref.stream, ref.shard);
    for (const { file } of await ledger.intents(table.name, ref, from, Number.MAX_SAFE_INTEGER))
      if (file) named.add(file.uri);
  }
  return named;
}

/**
 * Forgets intents that the table contains and that are older than `before` (milliseconds since 1970).
 * @returns how many
 */
export async function forgetIntents(ports: CleanPorts, name: TableName, before: number): Promise<number> {
  const table = await loadTable(ports.io, name);
  if (!table) return 0;
  const mark = await readMark(ports.io.store, table);
  let forgotten = 0;
  for (const ref of await ports.ledger.intentShards(name))
    forgotten += await ports.ledger.forget(name, ref, positionIn(mark, ref.stream, ref.shard), before);
  return forgotten;
}

/**
 * Deletes objects that nothing has named for `keepMs`. What is found unnamed is noted first and goes at a later call,
 * after a second look: its age alone says nothing, since a file may have been named until a moment ago.
 * @returns how many objects were deleted
 */
export async function cleanTable(
  ports: CleanPorts,
  name: TableName,
  settings: CleanSettings,
): Promise<number> {
  const { io, log } = ports;
  const now = io.clock.now();
  const known = await log.all(tableKey(name));
  // Listed first, looked up second: an object that is put and named in between is found named.
  const present: string[] = [];
  const table = await loadTable(io, name);
  if (!table || !currentSnapshot(table.metadata)) return 0;
  for (const prefix of [`${table.metadata.location}/`, ...settings.prefixes])
    for await (const object of io.store.list(prefix)) present.push(object.uri);
  const fresh = await loadTable(io, name);
  const named = await namedFiles(ports, fresh ?? table);
  const since = new Map<string, number>();
  let deleted = 0;
  for (const uri of present) {
    if (named.has(uri)) continue;
    const first = known.get(uri) ?? now;
    if (now - first < settings.keepMs) since.set(uri, first);
    else {
      await io.store.delete(uri);
      deleted++;
    }
  }
  await log.set(tableKey(name), since);
  return deleted;
}
