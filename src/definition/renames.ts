import type { Lakehouse } from './definition.ts';
import type { PlanRenames } from './plan.ts';

/** The earlier names that a definition gives for tables and for columns of tables; undefined when it gives none. */
export function renamesOf(lakehouse: Lakehouse): PlanRenames | undefined {
  const silver = Object.entries(lakehouse.silver ?? {}).flatMap(
    ([name, { renamedFrom }]): [string, string][] => (renamedFrom === undefined ? [] : [[name, renamedFrom]]),
  );
  const columns = (['realtime', 'silver', 'gold'] as const).flatMap((layer) =>
    Object.entries(lakehouse[layer] ?? {}).flatMap(
      ([name, { renamedColumns }]): [string, Record<string, string>][] =>
        renamedColumns === undefined ? [] : [[`${layer}.${name}`, renamedColumns]],
    ),
  );
  if (silver.length + columns.length === 0) return undefined;
  return { silver: Object.fromEntries(silver), columns: Object.fromEntries(columns) };
}
