import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { openStore, type LocalDatabase } from '../adapters/local/database.ts';
import type { Plan } from '../definition/plan.ts';
import { TidemarkError } from '../errors.ts';

/** The plan that a data folder runs, and its version, which grows with every change of the plan. */
export interface Deployment {
  plan: Plan;
  version: number;
  hash: string;
  /** Folder that relative paths of the definition start from. */
  base: string;
}

const KEY = ['deployment'];
const store = (database: LocalDatabase) => openStore<Deployment>(database, 'deployment');

/** Notes `plan` as the one in force; the same plan keeps its version. */
export async function recordDeployment(
  database: LocalDatabase,
  plan: Plan,
  base: string,
): Promise<Deployment> {
  const hash = createHash('sha256').update(JSON.stringify(plan)).digest('hex');
  const current = store(database).get(KEY);
  if (current && current.plan.name !== plan.name)
    throw new TidemarkError(
      'refused',
      `this folder holds the lakehouse "${current.plan.name}", not "${plan.name}"`,
      {
        remedy: 'name another folder with --data, or start anew with `tidemark reset`',
      },
    );
  const version = current?.hash === hash ? current.version : (current?.version ?? 0) + 1;
  const deployment: Deployment = { plan, version, hash, base: resolve(base) };
  await store(database).put(KEY, deployment);
  await database.flushed;
  return deployment;
}

/** The deployment of a data folder. Throws `notFound` when none was started there yet. */
export function readDeployment(database: LocalDatabase): Deployment {
  const current = store(database).get(KEY);
  if (!current)
    throw new TidemarkError('notFound', 'no lakehouse was started in this folder yet', {
      remedy: 'start one with `tidemark dev`',
    });
  return current;
}
