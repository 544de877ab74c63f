import { join } from 'node:path';
import type { Plan } from '../definition/plan.ts';
import { LakehouseQuery } from '../serve/query.ts';
import type { LocalStores } from './stores.ts';

/** Queries over a data folder. They can read its tables and nothing else of the machine. */
export function openQuery(stores: LocalStores, plan: Plan): LakehouseQuery {
  return new LakehouseQuery({
    plan,
    io: stores.io,
    directories: [join(stores.folder, 'warehouse')],
    tempDirectory: stores.scratch,
  });
}
