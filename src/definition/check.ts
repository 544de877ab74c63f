import { checkName, NamesInUse } from './check-names.ts';
import { checkRenames } from './check-renames.ts';
import { checkRealtime, find } from './check-realtime.ts';
import { checkShape, LAKEHOUSE } from './check-shape.ts';
import { checkSilver } from './check-silver.ts';
import { checkSources } from './check-sources.ts';
import type { GoldDefinition, Lakehouse } from './definition.ts';
import { Problems } from './problems.ts';

function checkGoldTable(problems: Problems, lakehouse: Lakehouse, name: string, gold: GoldDefinition): void {
  const path = `gold.${name}`;
  checkName(problems, path, 'table', name);
  for (const layer of ['silver', 'realtime'] as const) {
    // Views of all layers stand in one database.
    if (!Object.hasOwn(lakehouse[layer] ?? {}, name)) continue;
    problems.add(path, name, `"${name}" is also a table of ${layer}`, 'give the Gold table another name');
  }
  find(problems, `${path}.from`, 'Silver table', gold.from, lakehouse.silver);
  const inUse = new NamesInUse(problems);
  for (const [part, needed] of [
    ['groupBy', 'name the columns that make a group'],
    ['measures', 'add one, such as count(*)'],
  ] as const) {
    const names = Object.keys(gold[part]);
    if (names.length === 0) problems.add(`${path}.${part}`, gold[part], `${part} is empty`, needed);
    for (const column of names) {
      checkName(problems, `${path}.${part}.${column}`, 'column', column);
      inUse.use(`${path}.${part}.${column}`, column, part);
    }
  }
}

function checkAlerts(problems: Problems, lakehouse: Lakehouse): void {
  for (const [name, alert] of Object.entries(lakehouse.alerts ?? {})) {
    checkName(problems, `alerts.${name}`, 'alert', name);
    find(problems, `alerts.${name}.from`, 'real-time table', alert.from, lakehouse.realtime);
    checkName(problems, `alerts.${name}.notify`, 'channel', alert.notify);
  }
}

/**
 * Checks a definition's structure: names, references between its parts, keys, column types. Rules of SQL text are
 * checked when the definition is compiled.
 * @throws TidemarkError kind `invalid` that lists every problem with its path, the value and what to do
 */
export function checkLakehouse(lakehouse: Lakehouse): void {
  const problems = new Problems();
  const sound = checkShape(problems, '', lakehouse, LAKEHOUSE);
  // What follows trusts the types.
  if (!sound) problems.throwIfAny(String((lakehouse as Partial<Lakehouse> | undefined)?.name));
  checkName(problems, 'name', 'lakehouse', lakehouse.name);
  for (const part of ['streams', 'realtime'] as const) {
    if (Object.keys(lakehouse[part]).length > 0) continue;
    problems.add(
      part,
      {},
      'is empty',
      part === 'streams' ? 'add a stream' : 'add a table that reads a stream',
    );
  }
  checkSources(problems, lakehouse);
  checkRealtime(problems, lakehouse);
  checkSilver(problems, lakehouse);
  for (const [name, gold] of Object.entries(lakehouse.gold ?? {}))
    checkGoldTable(problems, lakehouse, name, gold);
  checkAlerts(problems, lakehouse);
  checkRenames(problems, lakehouse);
  problems.throwIfAny(lakehouse.name);
}
