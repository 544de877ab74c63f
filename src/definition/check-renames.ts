import type { ColumnType } from './column.ts';
import type { ColumnChoice, Lakehouse, SilverDefinition } from './definition.ts';
import { nearest } from './nearest.ts';
import { own } from './own.ts';
import type { Problems } from './problems.ts';

/** Reports earlier names that another column or table has now, that two claim, or that can lead nowhere. */
function checkEarlier(
  problems: Problems,
  path: (name: string) => string,
  what: string,
  renamed: readonly (readonly [name: string, earlier: string])[],
  names: readonly string[],
): void {
  const claimed = new Map<string, string>();
  for (const [name, earlier] of renamed) {
    const other = claimed.get(earlier);
    if (!/^[a-z][a-z0-9_]*$/.test(earlier))
      problems.add(path(name), earlier, `"${earlier}" is not a name`, `write the ${what}'s earlier name`);
    else if (earlier === name)
      problems.add(path(name), earlier, `"${earlier}" is the name it has`, 'leave the setting out');
    else if (names.includes(earlier))
      problems.add(
        path(name),
        earlier,
        `there still is a ${what} named "${earlier}"`,
        `leave one of them out: a ${what} of that name would be another`,
      );
    else if (other !== undefined)
      problems.add(
        path(name),
        earlier,
        `"${other}" is renamed from "${earlier}" too`,
        'name one of them only: the values can go to one',
      );
    else claimed.set(earlier, name);
  }
}

/** Fields of structs are read by name, also in old files: under a new name their values would be lost. */
function checkNested(problems: Problems, path: string, type: ColumnType): void {
  switch (type.kind) {
    case 'list':
      checkNested(problems, path, type.element);
      break;
    case 'map':
      checkNested(problems, path, type.value);
      break;
    case 'struct':
      for (const field of type.fields) {
        const at = `${path}.${field.name}`;
        if (field.renamedFrom !== undefined)
          problems.add(
            `${at}.renamedFrom`,
            field.renamedFrom,
            'a field inside a struct cannot be renamed',
            'add a field of the new name beside it, or rename the whole column',
          );
        checkNested(problems, at, field.type);
      }
      break;
    default:
  }
}

const chosen = (choice: ColumnChoice | undefined): string[] =>
  choice === undefined ? [] : Array.isArray(choice) ? choice : Object.keys(choice);

/** The columns of a Silver table, or undefined where they are all of its source. */
function silverColumns(silver: SilverDefinition): string[] | undefined {
  if (silver.mode !== 'enrich') return silver.columns && chosen(silver.columns);
  const parts = [...Object.values(silver.groups), ...Object.values(silver.joins ?? {})];
  return [...silver.key, ...parts.flatMap((part) => chosen(part.columns))];
}

function columnsOf(lakehouse: Lakehouse, layer: 'realtime' | 'silver' | 'gold', name: string): string[] {
  if (layer === 'gold') {
    const gold = lakehouse.gold![name]!;
    return [...Object.keys(gold.groupBy), ...Object.keys(gold.measures)];
  }
  if (layer === 'realtime') {
    const table = own(lakehouse.realtime, name);
    const stream = own(lakehouse.streams, table?.from ?? '');
    return [...Object.keys(stream?.columns ?? {}), ...Object.keys(table?.select ?? {})];
  }
  const silver = lakehouse.silver![name]!;
  const columns = silverColumns(silver);
  if (columns !== undefined) return silver.mode === 'upsert' ? [...silver.key, ...columns] : columns;
  return silver.mode === 'enrich' ? [] : columnsOf(lakehouse, 'realtime', silver.from);
}

function checkRenamedColumns(
  problems: Problems,
  path: string,
  renamed: Readonly<Record<string, string>>,
  names: readonly string[],
): void {
  for (const name of Object.keys(renamed).filter((n) => !names.includes(n)))
    problems.add(`${path}.${name}`, name, `no column named "${name}"`, `write ${nearest(name, names)}`);
  checkEarlier(problems, (name) => `${path}.${name}`, 'column', Object.entries(renamed), names);
}

/** Reports problems of `renamedFrom` and `renamedColumns`. */
export function checkRenames(problems: Problems, lakehouse: Lakehouse): void {
  for (const [stream, { columns }] of Object.entries(lakehouse.streams)) {
    const renamed = Object.entries(columns).flatMap(([name, { renamedFrom }]): [string, string][] =>
      renamedFrom === undefined ? [] : [[name, renamedFrom]],
    );
    const path = `streams.${stream}.columns`;
    checkEarlier(problems, (name) => `${path}.${name}.renamedFrom`, 'column', renamed, Object.keys(columns));
    for (const [name, column] of Object.entries(columns))
      checkNested(problems, `${path}.${name}`, column.type);
  }
  const silver = Object.entries(lakehouse.silver ?? {});
  const tables = silver.flatMap(([name, { renamedFrom }]): [string, string][] =>
    renamedFrom === undefined ? [] : [[name, renamedFrom]],
  );
  const names = silver.map(([name]) => name);
  checkEarlier(problems, (name) => `silver.${name}.renamedFrom`, 'Silver table', tables, names);
  for (const layer of ['realtime', 'silver', 'gold'] as const) {
    const named: Record<string, { renamedColumns?: Record<string, string> }> = lakehouse[layer] ?? {};
    for (const [name, { renamedColumns }] of Object.entries(named))
      if (renamedColumns !== undefined)
        checkRenamedColumns(
          problems,
          `${layer}.${name}.renamedColumns`,
          renamedColumns,
          columnsOf(lakehouse, layer, name),
        );
  }
}
