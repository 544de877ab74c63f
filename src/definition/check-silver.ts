import { checkKeyColumn } from './check-columns.ts';
import { athenaType, type Column } from './column.ts';
import { checkName, NamesInUse } from './check-names.ts';
import { checkCovers, find } from './check-realtime.ts';
import type { ColumnChoice, EnrichDefinition, Lakehouse, SilverDefinition } from './definition.ts';
import { nearest } from './nearest.ts';
import { own } from './own.ts';
import type { Problems } from './problems.ts';

const chosenNames = (choice: ColumnChoice): string[] =>
  Array.isArray(choice) ? choice : Object.keys(choice);

/** Reports a key that the rows of a real-time table do not surely have. */
function checkKey(
  problems: Problems,
  lakehouse: Lakehouse,
  path: string,
  key: readonly string[],
  from: string,
): void {
  const table = own(lakehouse.realtime, from);
  const stream = table && own(lakehouse.streams, table.from);
  if (!stream) return;
  for (const name of key) {
    if (Object.hasOwn(stream.columns, name)) checkKeyColumn(problems, path, name, stream.columns[name]!);
    else if (Object.hasOwn(table.select ?? {}, name)) {
      problems.add(
        path,
        name,
        `the key column "${name}" is derived and may be NULL`,
        'use required columns of the stream',
      );
    } else {
      const remedy = `write ${nearest(name, Object.keys(stream.columns))}`;
      problems.add(path, name, `"${from}" has no column named "${name}"`, remedy);
    }
  }
  const repeated = key.find((name, i) => key.indexOf(name) !== i);
  if (repeated !== undefined)
    problems.add(path, repeated, `"${repeated}" is twice in the key`, 'name it once');
}

function checkChoice(
  problems: Problems,
  path: string,
  choice: ColumnChoice,
  inUse: NamesInUse,
  where: string,
): void {
  const names = chosenNames(choice);
  if (names.length === 0) problems.add(path, choice, 'no column', 'choose at least one');
  for (const name of names) {
    if (name !== '_extra') checkName(problems, `${path}.${name}`, 'column', name);
    inUse.use(`${path}.${name}`, name, where);
  }
}

function checkGroups(
  problems: Problems,
  lakehouse: Lakehouse,
  path: string,
  silver: EnrichDefinition,
  inUse: NamesInUse,
): void {
  const groups = Object.entries(silver.groups);
  const facts = groups.filter(([, g]) => g.fact).map(([name]) => name);
  if (facts.length !== 1) {
    const message =
      facts.length === 0 ? 'no group has fact: true' : `the groups ${facts.join(', ')} all have fact: true`;
    problems.add(`${path}.groups`, facts, message, 'set it on the one group whose event makes the row exist');
  }
  for (const [name, group] of groups) {
    const at = `${path}.groups.${name}`;
    checkName(problems, at, 'group', name);
    if (find(problems, `${at}.from`, 'real-time table', group.from, lakehouse.realtime)) {
      checkKey(problems, lakehouse, `${path}.key`, silver.key, group.from);
      checkSameKeyTypes(problems, lakehouse, at, silver, group.from);
    }
    checkChoice(problems, `${at}.columns`, group.columns, inUse, `the group "${name}"`);
    if (group.deleteWhen && !group.fact) {
      problems.add(
        `${at}.deleteWhen`,
        group.deleteWhen.sql,
        'only the fact group deletes',
        'move it to the group with fact: true',
      );
    }
  }
}

/** Groups that come from several streams must mean the same by a key. */
function checkSameKeyTypes(
  problems: Problems,
  lakehouse: Lakehouse,
  path: string,
  silver: EnrichDefinition,
  from: string,
): void {
  const first = Object.values(silver.groups)[0]!.from;
  const columnsOf = (table: string): Record<string, Column> =>
    own(lakehouse.streams, own(lakehouse.realtime, table)?.from ?? '')?.columns ?? {};
  for (const key of silver.key) {
    const [a, b] = [own(columnsOf(first), key), own(columnsOf(from), key)];
    if (a && b && athenaType(a.type) !== athenaType(b.type)) {
      const message = `"${key}" is ${athenaType(b.type)} here and ${athenaType(a.type)} in "${first}"`;
      problems.add(`${path}.from`, from, message, 'declare the key alike in both streams');
    }
  }
}

function checkJoins(
  problems: Problems,
  lakehouse: Lakehouse,
  path: string,
  silver: EnrichDefinition,
  inUse: NamesInUse,
): void {
  for (const [name, join] of Object.entries(silver.joins ?? {})) {
    const at = `${path}.joins.${name}`;
    checkName(problems, at, 'join', name);
    const from = find(problems, `${at}.from`, 'Silver table', join.from, lakehouse.silver);
    if (from?.mode === 'append') {
      problems.add(
        `${at}.from`,
        join.from,
        `"${join.from}" has mode append and no key`,
        'join a table of mode upsert or enrich',
      );
    } else if (from) {
      checkCovers(problems, `${at}.on`, `"${join.from}"`, from.key, join.on);
    }
    checkChoice(problems, `${at}.columns`, join.columns, inUse, `the join "${name}"`);
  }
}

function checkTable(problems: Problems, lakehouse: Lakehouse, name: string, silver: SilverDefinition): void {
  const path = `silver.${name}`;
  checkName(problems, path, 'table', name);
  const inUse = new NamesInUse(problems);
  const key = silver.mode === 'append' ? [] : silver.key;
  if (silver.mode !== 'append' && key.length === 0) {
    problems.add(
      `${path}.key`,
      key,
      'no key column',
      'name the columns that identify a row, or use mode append',
    );
  }
  if (silver.mode === 'enrich') {
    key.forEach((k) => inUse.use(`${path}.key`, k, 'the key'));
    checkGroups(problems, lakehouse, path, silver, inUse);
    checkJoins(problems, lakehouse, path, silver, inUse);
    return;
  }
  if (!find(problems, `${path}.from`, 'real-time table', silver.from, lakehouse.realtime)) return;
  checkKey(problems, lakehouse, `${path}.key`, key, silver.from);
  // A list may name key columns; an expression under a key's name would change the key.
  if (silver.columns && !Array.isArray(silver.columns))
    key.forEach((k) => inUse.use(`${path}.key`, k, 'the key'));
  if (silver.columns) checkChoice(problems, `${path}.columns`, silver.columns, inUse, 'the columns');
}

/** Reports each ring of tables that join one another. */
function checkCycles(problems: Problems, silver: Readonly<Record<string, SilverDefinition>>): void {
  const done = new Set<string>();
  const visit = (name: string, above: readonly string[]): void => {
    const table = own(silver, name);
    if (above.includes(name)) {
      const ring = [...above.slice(above.indexOf(name)), name].join(' → ');
      problems.add(
        `silver.${above.at(-1)!}.joins`,
        name,
        `the joins go in a ring: ${ring}`,
        'leave one of them out',
      );
      return;
    }
    if (done.has(name) || table?.mode !== 'enrich') return;
    for (const join of Object.values(table.joins ?? {})) visit(join.from, [...above, name]);
    done.add(name);
  };
  Object.keys(silver).forEach((name) => visit(name, []));
}

/** Reports problems of Silver tables. */
export function checkSilver(problems: Problems, lakehouse: Lakehouse): void {
  for (const [name, silver] of Object.entries(lakehouse.silver ?? {}))
    checkTable(problems, lakehouse, name, silver);
  checkCycles(problems, lakehouse.silver ?? {});
}
