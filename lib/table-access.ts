import type { Layer } from '../src/definition/tables.ts';
import type { TableName } from '../src/ports/catalog.ts';
import type { Permission } from './allow.ts';
import { glueArns } from './names.ts';
import type { Storage } from './storage.ts';

/** Above this many tables a policy names their databases instead: IAM limits the size of a role's policies. */
const NAMED_TABLES = 8;

/** Tables by database; all of a database when naming each would make the policy too long. */
function byDatabase(tables: TableName[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { database, table } of tables) found.set(database, [...(found.get(database) ?? []), table]);
  if (tables.length > NAMED_TABLES) for (const database of found.keys()) found.set(database, ['*']);
  return found;
}

const FILES = 'files of a table have names that nobody knows before';

function catalog(tables: TableName[], actions: string[]): Permission {
  const arns = [...byDatabase(tables)].flatMap(([database, names]) => glueArns(database, names));
  return {
    actions,
    resources: [...new Set(arns)],
    because: 'with many tables, a policy names their databases instead',
  };
}

/** A renamed table stays in the folder of its first name: where tables can be renamed, all folders are theirs. */
const RENAMED: Layer = 'silver';

function objects(storage: Storage, tables: TableName[], folder: string, prefix = ''): string[] {
  return [...byDatabase(tables)].flatMap(([database, names]) =>
    (database.endsWith(`_${RENAMED}`) ? ['*'] : names).map((table) =>
      storage.tableObjects(`${prefix}${database}/${table}/${folder}*`),
    ),
  );
}

/** Looking up tables in the catalog, and reading their metadata. */
export const readMetadata = (storage: Storage, tables: TableName[]): Permission[] => [
  catalog(tables, ['glue:GetTable']),
  { actions: ['s3:GetObject'], resources: objects(storage, tables, 'metadata/'), because: FILES },
  // Without it S3 says of an absent object that access is denied.
  { actions: ['s3:ListBucket'], resources: [storage.bucketArn] },
];

/** Committing to tables: new metadata, and the swap of the catalog's pointer. */
export const commitMetadata = (storage: Storage, tables: TableName[]): Permission[] => [
  catalog(tables, ['glue:GetTable', 'glue:UpdateTable']),
  {
    actions: ['s3:GetObject', 's3:PutObject'],
    resources: objects(storage, tables, 'metadata/'),
    because: FILES,
  },
  { actions: ['s3:ListBucket'], resources: [storage.bucketArn] },
];

/** Writing what a merge touched beside the metadata: a list that may be large. */
export const writeTouched = (storage: Storage, tables: TableName[]): Permission[] => [
  {
    actions: ['s3:AbortMultipartUpload'],
    resources: objects(storage, tables, 'metadata/'),
    because: FILES,
  },
];

/** Reading tables' data files, wherever in the tables' folders a writer put them. */
export const readData = (storage: Storage, tables: TableName[]): Permission[] => [
  { actions: ['s3:GetObject'], resources: objects(storage, tables, ''), because: FILES },
];

/** Reading data files where ingestion staged them. */
export const readStaged = (storage: Storage, tables: TableName[]): Permission[] => [
  { actions: ['s3:GetObject'], resources: objects(storage, tables, '', '_staged/'), because: FILES },
];

/** Writing data files into tables' own folders. */
export const writeData = (storage: Storage, tables: TableName[]): Permission[] => [
  {
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
    resources: objects(storage, tables, 'data/'),
    because: FILES,
  },
];

/** Writing files that are not in a table yet. */
export const stageData = (storage: Storage, tables: TableName[]): Permission[] => [
  {
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload'],
    resources: objects(storage, tables, '', '_staged/'),
    because: FILES,
  },
];

/**
 * Creating tables and views, and changing what is known of them.
 * @param databases of tables
 * @param views the database of views, which have no files
 */
export const defineTables = (storage: Storage, databases: string[], views: string): Permission[] => [
  {
    actions: ['glue:GetTable', 'glue:GetTables', 'glue:CreateTable', 'glue:UpdateTable'],
    resources: [...new Set([...databases, views].flatMap((database) => glueArns(database)))],
    because: 'the definition says which tables and views there are; this function makes them all',
  },
  {
    actions: ['s3:GetObject', 's3:PutObject'],
    resources: databases.map((database) => storage.tableObjects(`${database}/*/metadata/*`)),
    because: FILES,
  },
  { actions: ['s3:ListBucket'], resources: [storage.bucketArn] },
];
