import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../src/definition/index.ts';
import { renamesOf } from '../src/definition/renames.ts';
import { compileLakehouse } from '../src/engine/compile.ts';
import { isKind, TidemarkError } from '../src/errors.ts';
import { readDeployment } from '../src/local/deployment.ts';
import { openStores } from '../src/local/stores.ts';
import { readDeployed } from '../src/operate/deploy.ts';
import { diffPlan, refusedChanges, type PlanChange } from '../src/operate/diff.ts';
import { loadDefinition } from './load-definition.ts';

/** What a definition would do to a deployed lakehouse. */
export interface DefinitionDiff {
  lakehouse: string;
  /** False where nothing was deployed yet. */
  deployed: boolean;
  changes: PlanChange[];
  /** Breaking changes that are not allowed: with one of them a deployment is refused. */
  refused: PlanChange[];
}

async function planOf(definition: string): Promise<Plan> {
  const { lakehouse } = await loadDefinition(definition);
  const plan = await compileLakehouse(lakehouse);
  const renames = renamesOf(lakehouse);
  return renames === undefined ? plan : { ...plan, renames };
}

/** Compares a definition with the lakehouse in a data folder, whether it runs or not. Changes nothing. */
export async function diff(
  definition: string,
  data: string,
  allow: readonly string[],
): Promise<DefinitionDiff> {
  const plan = await planOf(definition);
  const found = (changes: PlanChange[], deployed: boolean): DefinitionDiff => ({
    lakehouse: plan.name,
    deployed,
    changes,
    refused: refusedChanges(changes, allow),
  });
  if (!existsSync(join(data, 'db'))) return found(diffPlan(undefined, plan), false);
  const stores = openStores(data, false);
  try {
    checkName(deployedName(stores.database), plan.name, data);
    const deployed = await readDeployed(stores.io, plan);
    return found(diffPlan(deployed, plan), deployed.size > 0);
  } finally {
    await stores.close();
  }
}

function deployedName(database: Parameters<typeof readDeployment>[0]): string | undefined {
  try {
    return readDeployment(database).plan.name;
  } catch (error) {
    if (isKind(error, 'notFound')) return undefined;
    throw error;
  }
}

function checkName(deployed: string | undefined, name: string, data: string): void {
  if (deployed === undefined || deployed === name) return;
  throw new TidemarkError('refused', `${data} holds the lakehouse "${deployed}", not "${name}"`, {
    remedy: 'name the folder of this lakehouse with --data',
  });
}

function changeLines(change: PlanChange, refused: boolean): string[] {
  const sign = change.impact === 'safe' ? ' ' : refused ? '!' : '~';
  const lines = [`  ${sign} ${change.kind}: ${change.effect}`];
  if (change.allow !== undefined)
    lines.push(`      ${refused ? 'allow it with' : 'allowed:'} ${change.allow}`);
  return lines;
}

/** The differences for people, table by table; `!` marks what is refused, `~` what is breaking and allowed. */
export function renderDiff({ lakehouse, deployed, changes, refused }: DefinitionDiff): string {
  if (changes.length === 0) return `the lakehouse "${lakehouse}" is as the definition says`;
  const tables = [...new Set(changes.map((c) => c.table))];
  const blocks = tables.map((table) =>
    [
      table,
      ...changes.filter((c) => c.table === table).flatMap((c) => changeLines(c, refused.includes(c))),
    ].join('\n'),
  );
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`;
  const state = deployed ? '' : ', nothing is deployed yet';
  const breaking = refused.length === 0 ? 'none is refused' : `${refused.length} refused`;
  return [...blocks, `${count}, ${breaking}${state}`].join('\n');
}
