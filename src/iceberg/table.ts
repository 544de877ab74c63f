import { TidemarkError, isKind } from '../errors.ts';
import { tableKey } from '../ports/catalog.ts';
import type { Catalog, CatalogEntry, TableName } from '../ports/catalog.ts';
import type { Clock } from '../ports/clock.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Random } from '../ports/random.ts';
import type { ManifestCache } from './manifest-cache.ts';
import type { TableMetadata } from './metadata.ts';
import { parseMetadata } from './metadata-json.ts';

/** What reading and writing tables needs from outside. */
export interface TableIo {
  store: ObjectStore;
  catalog: Catalog;
  clock: Clock;
  random: Random;
  /** @default none: every manifest is read again */
  cache?: ManifestCache;
}

/** A table as it stood at one pointer version. Immutable; a commit returns a new one. */
export interface Table {
  name: TableName;
  entry: CatalogEntry;
  metadata: TableMetadata;
}

/**
 * The table as it stands now, or undefined when the catalog has none of this name.
 * Throws `corrupt` when the pointer names a metadata file that does not exist.
 */
export async function loadTable(io: TableIo, name: TableName): Promise<Table | undefined> {
  const entry = await io.catalog.load(name);
  if (!entry) return undefined;
  try {
    return { name, entry, metadata: await readMetadata(io, entry.metadataLocation) };
  } catch (error) {
    if (!isKind(error, 'notFound')) throw error;
    return reload(io, name, entry, error);
  }
}

// A foreign writer may delete old metadata files after its commit: then the pointer has moved on meanwhile.
async function reload(
  io: TableIo,
  name: TableName,
  stale: CatalogEntry,
  cause: unknown,
): Promise<Table | undefined> {
  const entry = await io.catalog.load(name);
  if (!entry) return undefined;
  if (entry.metadataLocation === stale.metadataLocation) {
    throw new TidemarkError('corrupt', `The metadata file of ${tableKey(name)} is missing`, {
      context: { table: tableKey(name), metadataLocation: entry.metadataLocation },
      cause,
    });
  }
  return { name, entry, metadata: await readMetadata(io, entry.metadataLocation) };
}

/** As `loadTable`; throws `notFound` when there is no such table. */
export async function requireTable(io: TableIo, name: TableName): Promise<Table> {
  const table = await loadTable(io, name);
  if (table) return table;
  throw new TidemarkError('notFound', `There is no table ${tableKey(name)}`, {
    context: { table: tableKey(name) },
  });
}

async function readMetadata(io: TableIo, location: string): Promise<TableMetadata> {
  const known = io.cache?.metadata.get(location);
  if (known) return known;
  const metadata = parseMetadata(await io.store.get(location));
  io.cache?.metadata.set(location, metadata);
  return metadata;
}
