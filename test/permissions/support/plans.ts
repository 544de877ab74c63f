import flights from '../../../examples/flights/lakehouse.ts';
import type { GoldDefinition, SilverDefinition } from '../../../src/definition/definition.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';

const { realtime, silver, gold } = flights;

/** The joins of the flights follow the other table's name. */
function joinedFrom(weather: string): SilverDefinition {
  const definition = silver!.flights!;
  if (definition.mode !== 'enrich') throw new Error('the flights of the example are not enriched');
  return { ...definition, joins: { weather: { ...definition.joins!.weather!, from: weather } } };
}

/** A Gold table with its first measure only. */
const first = (definition: GoldDefinition): GoldDefinition => ({
  ...definition,
  measures: Object.fromEntries(Object.entries(definition.measures).slice(0, 1)),
});

/** The example before its last changes: a Silver table under another name, columns less, a Gold table more. */
export function earlierPlan(): Promise<Plan> {
  const { select: _select, ...delays } = realtime.departure_delays!;
  return compileLakehouse({
    ...flights,
    realtime: { ...realtime, departure_delays: delays },
    silver: { observations: silver!.weather!, flights: joinedFrom('observations') },
    gold: {
      carrier_hour: first(gold!.carrier_hour!),
      route_day: first(gold!.route_day!),
      former: gold!.route_day!,
    },
  });
}

/** The example, which knows the Silver table's earlier name. */
export function renamedPlan(): Promise<Plan> {
  const weather = { ...silver!.weather!, renamedFrom: 'observations' };
  return compileLakehouse({ ...flights, silver: { ...silver, weather } });
}
