import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  GlueClient,
  UpdateTableCommand,
  type Table,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { GlueCatalog, type GlueCatalogSettings } from '../../src/adapters/aws/glue-catalog.ts';
import { sampleMetadata } from '../emulator/sample-metadata.ts';
import { brokenConnection, fakePace, serviceError, timedOut } from './support.ts';

const NAME = { database: 'lake_silver', table: 'orders' };
const BASE = { metadataLocation: 's3://lake/m0', version: '7' };
const NEXT = 's3://lake/m1';
const TABLE: Table = {
  Name: 'orders',
  VersionId: '7',
  Description: 'all orders',
  Owner: 'sales',
  Parameters: { table_type: 'iceberg', metadata_location: 's3://lake/m0', foreign: 'kept' },
  StorageDescriptor: { Columns: [{ Name: 'gone' }] },
};

const client = new GlueClient({ region: 'us-east-1' });
const glue = mockClient(client);

function catalog(settings: Partial<GlueCatalogSettings> = {}): GlueCatalog {
  const describe = () => Promise.resolve(sampleMetadata());
  return new GlueCatalog({ read: client, write: client }, fakePace(), { describe, ...settings });
}

beforeEach(() => {
  glue.reset();
  glue.on(GetTableCommand).resolves({ Table: TABLE });
});

describe('what the answer to UpdateTable means', () => {
  const outcomes: [string, Error, string][] = [
    ['another writer came first', serviceError('ConcurrentModificationException', 400), 'conflict'],
    ['the table was dropped meanwhile', serviceError('EntityNotFoundException', 400), 'conflict'],
    ['an internal error', serviceError('InternalServiceException', 500), 'unknown'],
    ['a time-out inside Glue', serviceError('OperationTimeoutException', 500), 'unknown'],
    ['a gateway error', serviceError('UnknownError', 502), 'unknown'],
    ['a broken connection', brokenConnection(), 'unknown'],
    ['our own time-out', timedOut(), 'unknown'],
  ];
  test.each(outcomes)('%s', async (_name, error, kind) => {
    glue.on(UpdateTableCommand).rejects(error);
    expect(await catalog().swap(NAME, BASE, NEXT)).toMatchObject({ kind });
    expect(glue.commandCalls(UpdateTableCommand)).toHaveLength(1);
  });

  const definite: [string, Error, string][] = [
    ['a wrong input', serviceError('InvalidInputException', 400), 'invalid'],
    ['no permission', serviceError('AccessDeniedException', 400), 'refused'],
    ['too many versions', serviceError('ResourceNumberLimitExceededException', 400), 'invalid'],
  ];
  test.each(definite)('%s is thrown: it did not happen', async (_name, error, kind) => {
    glue.on(UpdateTableCommand).rejects(error);
    await expect(catalog().swap(NAME, BASE, NEXT)).rejects.toMatchObject({ kind });
    expect(glue.commandCalls(UpdateTableCommand)).toHaveLength(1);
  });

  test('throttling was not applied: it is tried again, and in the end thrown', async () => {
    glue.on(UpdateTableCommand).rejectsOnce(serviceError('ThrottlingException', 400)).resolves({});
    expect(await catalog().swap(NAME, BASE, NEXT)).toEqual({ kind: 'committed' });
    glue.on(UpdateTableCommand).rejects(serviceError('ThrottlingException', 400));
    await expect(catalog().swap(NAME, BASE, NEXT)).rejects.toMatchObject({ kind: 'throttled' });
  });

  test('throttling and then no answer is unknown', async () => {
    glue.on(UpdateTableCommand).rejectsOnce(serviceError('ThrottlingException', 400)).rejects(timedOut());
    expect(await catalog().swap(NAME, BASE, NEXT)).toMatchObject({ kind: 'unknown' });
  });
});

describe('what is written', () => {
  test('the version guards it, foreign parameters stay, columns are made anew', async () => {
    glue.on(UpdateTableCommand).resolves({});
    const of = catalog({ catalogId: '123' });
    await of.load(NAME);
    await of.swap(NAME, BASE, NEXT);
    expect(glue.commandCalls(GetTableCommand)).toHaveLength(1);
    expect(glue.commandCalls(UpdateTableCommand)[0]!.args[0].input).toEqual({
      CatalogId: '123',
      DatabaseName: 'lake_silver',
      VersionId: '7',
      SkipArchive: true,
      TableInput: {
        Name: 'orders',
        TableType: 'EXTERNAL_TABLE',
        Description: 'all orders',
        Owner: 'sales',
        Parameters: {
          foreign: 'kept',
          table_type: 'ICEBERG',
          metadata_location: NEXT,
          previous_metadata_location: 's3://lake/m0',
        },
        StorageDescriptor: {
          Location: 's3://lake/orders',
          Columns: [
            {
              Name: 'id',
              Type: 'string',
              Parameters: {
                'iceberg.field.id': '1',
                'iceberg.field.optional': 'false',
                'iceberg.field.current': 'true',
              },
            },
          ],
        },
      },
    });
  });

  test('nothing is sent when the table stands elsewhere already', async () => {
    glue.on(GetTableCommand).resolves({ Table: { ...TABLE, VersionId: '8' } });
    expect(await catalog().swap(NAME, BASE, NEXT)).toEqual({ kind: 'conflict' });
    glue.on(GetTableCommand).rejects(serviceError('EntityNotFoundException', 400));
    expect(await catalog().swap(NAME, BASE, NEXT)).toEqual({ kind: 'conflict' });
    expect(glue.commandCalls(UpdateTableCommand)).toHaveLength(0);
  });

  test('parameters of another version are never written back', async () => {
    glue.on(UpdateTableCommand).resolves({});
    const of = catalog();
    await of.load(NAME);
    const Parameters = { ...TABLE.Parameters, foreign: 'changed' };
    glue.on(GetTableCommand).resolves({ Table: { ...TABLE, VersionId: '8', Parameters } });
    await of.swap(NAME, { ...BASE, version: '8' }, NEXT);
    const [call] = glue.commandCalls(UpdateTableCommand);
    expect(call!.args[0].input.TableInput?.Parameters?.foreign).toBe('changed');
  });
});

describe('creation', () => {
  const missing = serviceError('EntityNotFoundException', 400);

  test('makes the database that is missing, also when another did so meanwhile', async () => {
    for (const made of [undefined, serviceError('AlreadyExistsException', 400)]) {
      glue.on(CreateTableCommand).rejectsOnce(missing).resolves({});
      if (made) glue.on(CreateDatabaseCommand).rejects(made);
      else glue.on(CreateDatabaseCommand).resolves({});
      expect(await catalog().create(NAME, NEXT)).toEqual({ kind: 'committed' });
    }
  });

  test('does not make it where that is not allowed', async () => {
    glue.on(CreateTableCommand).rejects(missing);
    await expect(catalog({ createDatabases: false }).create(NAME, NEXT)).rejects.toMatchObject({
      context: { error: 'EntityNotFoundException' },
    });
  });

  test('of a table that exists conflicts; without an answer it is unknown', async () => {
    glue.on(CreateTableCommand).rejects(serviceError('AlreadyExistsException', 400));
    expect(await catalog().create(NAME, NEXT)).toEqual({ kind: 'conflict' });
    glue.on(CreateTableCommand).rejects(timedOut());
    expect(await catalog().create(NAME, NEXT)).toMatchObject({ kind: 'unknown' });
  });

  test.each(['Orders', 'a-b', '', 'ü'])('refuses the name "%s"', async (table) => {
    await expect(catalog().create({ ...NAME, table }, NEXT)).rejects.toMatchObject({ kind: 'invalid' });
  });
});

describe('loading', () => {
  test('a view or a Hive table of the name is told, not taken for absent', async () => {
    glue
      .on(GetTableCommand)
      .resolves({ Table: { Name: 'orders', VersionId: '1', TableType: 'VIRTUAL_VIEW' } });
    await expect(catalog().load(NAME)).rejects.toMatchObject({ kind: 'invalid' });
  });

  test('a catalog without versions is refused', async () => {
    const { VersionId: _version, ...table } = TABLE;
    glue.on(GetTableCommand).resolves({ Table: { ...table, Name: 'orders' } });
    await expect(catalog().load(NAME)).rejects.toMatchObject({ kind: 'refused' });
  });

  test('a failure to read is an error, not an absent table', async () => {
    glue.on(GetTableCommand).rejects(serviceError('InternalServiceException', 500));
    await expect(catalog().load(NAME)).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
