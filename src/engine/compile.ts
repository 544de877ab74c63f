import { checkLakehouse } from '../definition/check.ts';
import { renamesOf } from '../definition/renames.ts';
import type { Column, PlanColumn } from '../definition/column.ts';
import type { Lakehouse } from '../definition/definition.ts';
import type {
  Plan,
  PlanAlert,
  PlanGold,
  PlanRealtime,
  PlanReference,
  PlanSilver,
  PlanStream,
} from '../definition/plan.ts';
import { Problems } from '../definition/problems.ts';
import { compileGold } from './compile-gold.ts';
import { compileRealtime } from './compile-realtime.ts';
import { compileSilver, inOrderOfJoins, realtimeScope } from './compile-silver.ts';
import { RuleBook } from './rule-book.ts';
import { Engine, type Session } from './session.ts';
import { verifyPlan } from './verify-plan.ts';

const planColumns = (columns: Record<string, Column>): PlanColumn[] =>
  Object.entries(columns).map(([name, column]) => ({ name, ...column }));

function planStreams(lakehouse: Lakehouse): PlanStream[] {
  return Object.entries(lakehouse.streams).map(([name, stream]) => ({
    name,
    columns: planColumns(stream.columns),
    eventTime: stream.eventTime,
    extras: stream.extras ?? 'keep',
    shards: stream.shards ?? 1,
    retentionHours: stream.retentionHours ?? 24,
  }));
}

function planReferences(lakehouse: Lakehouse): PlanReference[] {
  return Object.entries(lakehouse.references ?? {}).map(([name, reference]) => ({
    name,
    key: typeof reference.key === 'string' ? [reference.key] : reference.key,
    columns: planColumns(reference.columns),
    source: reference.source,
  }));
}

async function compileAlerts(
  book: RuleBook,
  lakehouse: Lakehouse,
  realtime: PlanRealtime[],
): Promise<PlanAlert[]> {
  const alerts: PlanAlert[] = [];
  for (const [name, { from, when, notify }] of Object.entries(lakehouse.alerts ?? {})) {
    const scope = realtimeScope(realtime.find((t) => t.name === from)!);
    const compiled = await book.compile(`alerts.${name}.when`, when, scope, 'condition');
    if (compiled)
      alerts.push({ name, from, when: { athena: compiled.athena, duckdb: compiled.duckdb }, notify });
  }
  return alerts;
}

async function compileTables(lakehouse: Lakehouse, session: Session): Promise<Plan> {
  const problems = new Problems();
  const book = new RuleBook(session, problems);
  const streams = planStreams(lakehouse);
  const references = planReferences(lakehouse);
  const realtime: PlanRealtime[] = [];
  for (const [name, table] of Object.entries(lakehouse.realtime)) {
    const stream = streams.find((s) => s.name === table.from)!;
    realtime.push(await compileRealtime(book, name, table, stream, references));
  }
  // A wrong derived column would be reported again by every table that reads it.
  problems.throwIfAny(lakehouse.name);
  const alerts = await compileAlerts(book, lakehouse, realtime);
  const silver: PlanSilver[] = [];
  const definitions = lakehouse.silver ?? {};
  for (const name of inOrderOfJoins(definitions)) {
    const before = problems.count;
    const table = await compileSilver(book, name, definitions[name]!, realtime, silver);
    if (problems.count === before) silver.push(table);
  }
  problems.throwIfAny(lakehouse.name);
  const gold: PlanGold[] = [];
  for (const [name, table] of Object.entries(lakehouse.gold ?? {})) {
    gold.push(
      await compileGold(
        book,
        name,
        table,
        silver.find((s) => s.name === table.from)!,
      ),
    );
  }
  problems.throwIfAny(lakehouse.name);
  const renames = renamesOf(lakehouse);
  return {
    format: 1,
    name: lakehouse.name,
    streams,
    references,
    realtime,
    silver,
    gold,
    alerts,
    ...(renames ? { renames } : {}),
  };
}

/**
 * Checks a definition and compiles it into the plan that every runtime reads: plain JSON, the same bytes for the same
 * definition on every machine.
 * @throws TidemarkError kind `invalid` with all problems found, each with its path, the value and what to do
 * @example
 * const plan = await compileLakehouse(lakehouse);
 * await writeFile('plan.json', JSON.stringify(plan, null, 2));
 */
export async function compileLakehouse(lakehouse: Lakehouse): Promise<Plan> {
  checkLakehouse(lakehouse);
  const engine = await Engine.open({ threads: 1, memoryLimit: '256MB', sandbox: true });
  try {
    const session = await engine.session();
    const plan = await compileTables(lakehouse, session);
    await verifyPlan(session, plan);
    return plan;
  } finally {
    await engine.close();
  }
}
