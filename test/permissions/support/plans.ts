import flights from '../../../examples/flights/lakehouse.ts';
import type { Lakehouse } from '../../../src/definition/index.ts';
import type { Plan } from '../../../src/definition/plan.ts';
import { compileLakehouse } from '../../../src/engine/compile.ts';

/** The example before its last changes: a Silver table under another name, a column less, a Gold table more. */
export function earlierPlan(): Promise<Plan> {
  const { weather, flights: silver } = flights.silver;
  const earlier: Lakehouse = {
    ...flights,
    realtime: {
      ...flights.realtime,
      departure_delays: { from: 'flight_events', where: flights.realtime.departure_delays.where },
    },
    silver: {
      observations: weather,
      flights: { ...silver, joins: { weather: { ...silver.joins.weather, from: 'observations' } } },
    },
    gold: { ...flights.gold, former: { ...flights.gold.route_day } },
  };
  return compileLakehouse(earlier);
}

/** The example, which knows the Silver table's earlier name. */
export function renamedPlan(): Promise<Plan> {
  const weather = { ...flights.silver.weather, renamedFrom: 'observations' };
  return compileLakehouse({ ...flights, silver: { ...flights.silver, weather } });
}
