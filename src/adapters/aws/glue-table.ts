import type { Column, StorageDescriptor, Table, TableInput } from '@aws-sdk/client-glue';
import {
  currentSchema,
  isPrimitive,
  primitiveKind,
  type Schema,
  type TableMetadata,
  type Type,
} from '../../iceberg/index.ts';

/*
 * The Glue table of an Iceberg table, as Iceberg's own Glue catalog writes it (aws/glue/IcebergToGlueConverter.java).
 * Engines read the metadata file alone; the columns are what the console, SHOW COLUMNS, Lake Formation and views see.
 * Other engines drop columns and parameters at their commits, so they are made anew at each of ours.
 */

export const TABLE_TYPE = 'table_type';
export const METADATA_LOCATION = 'metadata_location';
const PREVIOUS_METADATA_LOCATION = 'previous_metadata_location';
const ICEBERG = 'ICEBERG';

/** Locations of a table's files beside its own, by the properties that name them. */
const LOCATION_PROPERTIES = [
  'write.data.path',
  'write.metadata.path',
  'write.object-storage.path',
  'write.folder-storage.path',
];

/** Limits of the Glue API ("Column", "TableInput"). */
const COMMENT_LENGTH = 255;
const DESCRIPTION_LENGTH = 2048;

/** True for an Iceberg table, whoever wrote it: engines compare without regard to case. */
export function isIceberg(table: Table): boolean {
  return table.Parameters?.[TABLE_TYPE]?.toUpperCase() === ICEBERG;
}

/**
 * What UpdateTable or CreateTable is given.
 * @param current the table as it stands; its foreign parameters, description, owner and retention are kept
 */
export function glueTableInput(
  name: string,
  metadataLocation: string,
  metadata: TableMetadata,
  current?: Table,
): TableInput {
  const previous = current?.Parameters?.[METADATA_LOCATION];
  const description = metadata.properties.comment ?? current?.Description;
  return {
    Name: name,
    TableType: 'EXTERNAL_TABLE',
    Parameters: {
      ...current?.Parameters,
      [TABLE_TYPE]: ICEBERG,
      [METADATA_LOCATION]: metadataLocation,
      ...(previous === undefined ? {} : { [PREVIOUS_METADATA_LOCATION]: previous }),
    },
    StorageDescriptor: storageDescriptor(metadata),
    ...(description === undefined ? {} : { Description: oneLine(description, DESCRIPTION_LENGTH) }),
    ...(current?.Owner === undefined ? {} : { Owner: current.Owner }),
    ...(current?.Retention === undefined ? {} : { Retention: current.Retention }),
  };
}

function storageDescriptor(metadata: TableMetadata): StorageDescriptor {
  const named = LOCATION_PROPERTIES.flatMap((property) => metadata.properties[property] ?? []);
  const additional = [...new Set(named)];
  return {
    Location: metadata.location,
    Columns: glueColumns(metadata),
    ...(additional.length === 0 ? {} : { AdditionalLocations: additional }),
  };
}

/** The current schema's columns, then those that only older schemas have; the first of a name wins. */
export function glueColumns(metadata: TableMetadata): Column[] {
  const columns = new Map<string, Column>();
  const current = currentSchema(metadata);
  const add = (schema: Schema): void => {
    for (const field of schema.fields) {
      if (columns.has(field.name)) continue;
      columns.set(field.name, {
        Name: field.name,
        Type: hiveType(field.type),
        ...(field.doc === undefined ? {} : { Comment: oneLine(field.doc, COMMENT_LENGTH) }),
        Parameters: {
          'iceberg.field.id': String(field.id),
          'iceberg.field.optional': String(!field.required),
          'iceberg.field.current': String(schema === current),
        },
      });
    }
  };
  add(current);
  for (const schema of metadata.schemas) if (schema !== current) add(schema);
  return [...columns.values()];
}

/** Glue takes single lines only. */
function oneLine(text: string, length: number): string {
  return text.replaceAll(/[\r\n\t]+/g, ' ').slice(0, length);
}

/** Hive's name of an Iceberg type. */
export function hiveType(type: Type): string {
  if (isPrimitive(type)) {
    const primitive = primitiveKind(type);
    switch (primitive.kind) {
      case 'long':
        return 'bigint';
      case 'time':
      case 'uuid':
        return 'string';
      case 'timestamptz':
        return 'timestamp';
      case 'fixed':
        return 'binary';
      case 'decimal':
        return `decimal(${primitive.precision},${primitive.scale})`;
      default:
        return primitive.kind;
    }
  }
  switch (type.type) {
    case 'struct':
      return `struct<${type.fields.map((f) => `${f.name}:${hiveType(f.type)}`).join(',')}>`;
    case 'list':
      return `array<${hiveType(type.element)}>`;
    case 'map':
      return `map<${hiveType(type.key)},${hiveType(type.value)}>`;
  }
}
