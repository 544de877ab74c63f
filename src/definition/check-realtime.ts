import { checkKeyColumn } from './check-columns.ts';
import { checkName } from './check-names.ts';
import { referenceKey } from './check-sources.ts';
import type { Lakehouse, RealtimeDefinition, StreamDefinition } from './definition.ts';
import { nearest } from './nearest.ts';
import { own } from './own.ts';
import type { Problems } from './problems.ts';

/** Looks a name up; reports it with the names that there are, the nearest first. */
export function find<T>(
  problems: Problems,
  path: string,
  what: string,
  name: string,
  among: Readonly<Record<string, T>> | undefined,
): T | undefined {
  const found = own(among, name);
  if (found !== undefined) return found;
  problems.add(path, name, `no ${what} named "${name}"`, `write ${nearest(name, Object.keys(among ?? {}))}`);
  return undefined;
}

/** Reports keys that are missing from `given` and keys that do not belong to it. */
export function checkCovers(
  problems: Problems,
  path: string,
  of: string,
  key: readonly string[],
  given: object,
): void {
  const names = Object.keys(given);
  const missing = key.filter((k) => !names.includes(k));
  if (missing.length > 0) {
    const list = missing.map((m) => `"${m}"`).join(', ');
    problems.add(
      path,
      names,
      `does not cover the key of ${of}`,
      `add ${list}: a part of a key finds several rows`,
    );
  }
  for (const name of names.filter((n) => !key.includes(n))) {
    problems.add(
      `${path}.${name}`,
      name,
      `"${name}" is not in the key of ${of}`,
      `write ${nearest(name, key)}`,
    );
  }
}

function checkLookups(
  problems: Problems,
  lakehouse: Lakehouse,
  path: string,
  table: RealtimeDefinition,
  stream: StreamDefinition,
): void {
  for (const [alias, lookup] of Object.entries(table.lookups ?? {})) {
    const at = `${path}.lookups.${alias}`;
    checkName(problems, at, 'lookup', alias);
    if (Object.hasOwn(stream.columns, alias)) {
      problems.add(
        at,
        alias,
        `"${alias}" is also a column of the stream`,
        'give the lookup another name, and say which reference it is',
      );
    }
    const named = lookup.reference ?? alias;
    const place = lookup.reference === undefined ? at : `${at}.reference`;
    const reference = find(problems, place, 'reference', named, lakehouse.references);
    if (reference) checkCovers(problems, `${at}.on`, `"${named}"`, referenceKey(reference), lookup.on);
  }
}

function checkTable(problems: Problems, lakehouse: Lakehouse, name: string, table: RealtimeDefinition): void {
  const path = `realtime.${name}`;
  checkName(problems, path, 'table', name);
  const stream = find(problems, `${path}.from`, 'stream', table.from, lakehouse.streams);
  if (!stream) return;
  checkLookups(problems, lakehouse, path, table, stream);
  for (const column of Object.keys(table.select ?? {})) {
    checkName(problems, `${path}.select.${column}`, 'column', column);
    if (Object.hasOwn(stream.columns, column)) {
      problems.add(
        `${path}.select.${column}`,
        column,
        `"${column}" is already a column of the stream`,
        'give it another name',
      );
    }
  }
  const columns = { ...stream.columns, ...table.select };
  if (table.version !== undefined) find(problems, `${path}.version`, 'column', table.version, columns);
  for (const key of table.hotKey ?? []) {
    if (!find(problems, `${path}.hotKey`, 'column', key, columns)) continue;
    if (Object.hasOwn(stream.columns, key))
      checkKeyColumn(problems, `${path}.hotKey`, key, stream.columns[key]!);
    else
      problems.add(
        `${path}.hotKey`,
        key,
        `"${key}" is derived and may be NULL`,
        'use required columns of the stream',
      );
  }
}

/** Reports problems of real-time tables. */
export function checkRealtime(problems: Problems, lakehouse: Lakehouse): void {
  for (const [name, table] of Object.entries(lakehouse.realtime))
    checkTable(problems, lakehouse, name, table);
}
