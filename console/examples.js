import { plain } from './sql.js';

const DULL = new Set(['timestamp', 'date', 'binary', 'list', 'map', 'struct', 'double', 'float', 'decimal']);

/** A column with few values, to count by: one with a list of values, else a group column of Gold, else a text. */
function groupColumn(plan, silver) {
  const usable = silver.columns.filter((c) => !DULL.has(c.type.kind) && !silver.key.includes(c.name));
  const grouped = new Set(
    plan.gold
      .filter((g) => g.from === silver.name)
      .flatMap((g) => g.groupBy)
      .map((g) => g.expression.athena.replaceAll('"', '').trim()),
  );
  return (
    usable.find((c) => grouped.has(c.name)) ??
    usable.find((c) => c.rules?.oneOf !== undefined) ??
    usable.find((c) => c.type.kind === 'string')
  )?.name;
}

/** Why records are refused; the table that holds them whole. */
export function quarantineExample(plan) {
  const from = `${plain(`${plan.name}_ops`)}.quarantine`;
  return `SELECT stream, reason, count(*) AS records, max(_arrived_at) AS newest, max(message) AS for_example\nFROM ${from}\nGROUP BY stream, reason\nORDER BY records DESC`;
}

/**
 * Queries to begin with, made from the plan alone.
 * @returns {{ label: string, sql: string }[]}
 */
export function examplesOf(plan) {
  const inLayer = (layer, table) => `${plain(`${plan.name}_${layer}`)}.${plain(table)}`;
  const examples = [];
  // The table that most others are made from tells most.
  const uses = (s) => plan.gold.filter((g) => g.from === s.name).length;
  const silver = [...plan.silver].sort((a, b) => uses(b) - uses(a))[0];
  if (silver !== undefined) {
    const view = plain(silver.name);
    examples.push({ label: `${silver.name}, fresh and old as one`, sql: `SELECT *\nFROM ${view}\nLIMIT 20` });
    const group = groupColumn(plan, silver);
    if (group !== undefined) {
      examples.push({
        label: `${silver.name} by ${group}`,
        sql: `SELECT ${plain(group)}, count(*) AS how_many\nFROM ${view}\nGROUP BY ${plain(group)}\nORDER BY how_many DESC\nLIMIT 20`,
      });
    }
  }
  const realtime =
    plan.realtime.find((t) => silver?.groups.some((g) => g.from === t.name)) ?? plan.realtime[0];
  if (realtime !== undefined) {
    examples.push({
      label: `newest of ${realtime.name}`,
      sql: `SELECT *\nFROM ${inLayer('realtime', realtime.name)}\nORDER BY _arrived_at DESC\nLIMIT 20`,
    });
  }
  const gold = plan.gold[0];
  if (gold !== undefined) {
    const order = gold.columns.find((c) => c.type.kind === 'timestamp' || c.type.kind === 'date')?.name;
    examples.push({
      label: gold.name,
      sql: `SELECT *\nFROM ${inLayer('gold', gold.name)}${order === undefined ? '' : `\nORDER BY ${plain(order)} DESC`}\nLIMIT 50`,
    });
  }
  examples.push({ label: 'quarantine, by reason', sql: quarantineExample(plan) });
  return examples;
}
