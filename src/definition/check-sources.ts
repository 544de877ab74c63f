import { checkColumn, checkKeyColumn } from './check-columns.ts';
import { checkName } from './check-names.ts';
import type { Lakehouse, ReferenceDefinition, StreamDefinition } from './definition.ts';
import { nearest } from './nearest.ts';
import { own } from './own.ts';
import type { Problems } from './problems.ts';

const EXTRAS = ['keep', 'quarantine', 'ignore'];

function wholeNumber(
  problems: Problems,
  path: string,
  value: number | undefined,
  low: number,
  high: number,
): void {
  if (value === undefined || (Number.isInteger(value) && value >= low && value <= high)) return;
  problems.add(path, value, `${value} is out of range`, `use a whole number from ${low} to ${high}`);
}

function checkStream(problems: Problems, name: string, stream: StreamDefinition): void {
  const path = `streams.${name}`;
  checkName(problems, path, 'stream', name);
  for (const [column, definition] of Object.entries(stream.columns)) {
    checkColumn(problems, `${path}.columns.${column}`, column, definition);
  }
  const time = own(stream.columns, stream.eventTime);
  if (!time) {
    const times = Object.entries(stream.columns).filter(([, c]) => c.type.kind === 'timestamp');
    const remedy =
      times.length > 0
        ? `write ${nearest(
            stream.eventTime,
            times.map(([n]) => n),
          )}`
        : 'add a column.timestamp()';
    problems.add(`${path}.eventTime`, stream.eventTime, `no column named "${stream.eventTime}"`, remedy);
  } else if (time.type.kind !== 'timestamp' || !time.required) {
    const what = time.type.kind === 'timestamp' ? 'optional' : time.type.kind;
    problems.add(
      `${path}.eventTime`,
      stream.eventTime,
      `the event time is ${what}`,
      'use a required column.timestamp()',
    );
  }
  if (stream.extras !== undefined && !EXTRAS.includes(stream.extras)) {
    problems.add(
      `${path}.extras`,
      stream.extras,
      `"${stream.extras}" is no way to treat extras`,
      `write ${nearest(stream.extras, EXTRAS)}`,
    );
  }
  wholeNumber(problems, `${path}.shards`, stream.shards, 1, 10_000);
  // Kinesis keeps a record for a day at least and a year at most.
  wholeNumber(problems, `${path}.retentionHours`, stream.retentionHours, 24, 8760);
}

/** A reference's key as a list. */
export const referenceKey = (reference: ReferenceDefinition): string[] =>
  typeof reference.key === 'string' ? [reference.key] : reference.key;

function checkReference(problems: Problems, name: string, reference: ReferenceDefinition): void {
  const path = `references.${name}`;
  checkName(problems, path, 'reference', name);
  for (const [column, definition] of Object.entries(reference.columns)) {
    checkColumn(problems, `${path}.columns.${column}`, column, definition);
  }
  const key = referenceKey(reference);
  if (key.length === 0)
    problems.add(`${path}.key`, reference.key, 'no key column', 'name the columns that find a row');
  for (const column of key) {
    const found = own(reference.columns, column);
    if (found) checkKeyColumn(problems, `${path}.key`, column, found);
    else {
      const remedy = `write ${nearest(column, Object.keys(reference.columns))}`;
      problems.add(`${path}.key`, column, `no column named "${column}"`, remedy);
    }
  }
  if (!/\.(csv|ndjson|jsonl|parquet)(\.gz)?$/.test(reference.source)) {
    problems.add(
      `${path}.source`,
      reference.source,
      `"${reference.source}" is of no known format`,
      'name a .csv, .ndjson or .parquet file',
    );
  }
  if (/^(\/|[A-Za-z]:)|\.\.|:\/\//.test(reference.source)) {
    problems.add(
      `${path}.source`,
      reference.source,
      `"${reference.source}" leaves the definition's folder`,
      'write a path below it',
    );
  }
}

/** Reports problems of streams and references. */
export function checkSources(problems: Problems, lakehouse: Lakehouse): void {
  for (const [name, stream] of Object.entries(lakehouse.streams)) checkStream(problems, name, stream);
  for (const [name, reference] of Object.entries(lakehouse.references ?? {}))
    checkReference(problems, name, reference);
}
