import { fileURLToPath } from 'node:url';
import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import flights from '../../examples/flights/lakehouse.ts';
import { definitionFiles } from '../../lib/assets.ts';
import { TidemarkLakehouse } from '../../lib/lakehouse.ts';
import { readSettings } from '../../lib/settings.ts';
import { column, defineLakehouse, sql, type Lakehouse } from '../../src/definition/index.ts';
import type { Plan } from '../../src/definition/plan.ts';
import { compileLakehouse } from '../../src/engine/compile.ts';

const BASE = fileURLToPath(new URL('../../examples/flights/', import.meta.url));
const ENV = { account: '123456789012', region: 'eu-central-1' };

export interface Deployed {
  app: App;
  plan: Plan;
  lakehouse: TidemarkLakehouse;
  data: Template;
  pipeline: Template;
  operations: Template | undefined;
}

export const flightsPlan = (): Promise<Plan> => compileLakehouse(flights);

/** Synthesizes a lakehouse without bundling its functions. */
export function deploy(plan: Plan, settings: Record<string, unknown> = {}): Deployed {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const context = Object.fromEntries(Object.entries(settings).map(([k, v]) => [`tidemark:${k}`, v]));
  const lakehouse = new TidemarkLakehouse(app, plan.name, {
    definition: definitionFiles(plan, BASE),
    settings: readSettings(context),
    env: ENV,
  });
  const template = (stack: Stack): Template => Template.fromStack(stack);
  return {
    app,
    plan,
    lakehouse,
    data: template(lakehouse.data),
    pipeline: template(lakehouse.pipeline),
    operations: lakehouse.operations && template(lakehouse.operations),
  };
}

/** What cdk-nag's AwsSolutions rules say, one line a finding. */
export function findings({ app }: Deployed): string[] {
  return new AwsSolutionsChecks(app)
    .validateScope(app)
    .violations.flatMap((v) => v.violatingResources.map((r) => `${v.ruleName} ${r.constructPath ?? ''}`));
}

export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}

/** Resources of a type, by logical id. */
export const resources = (template: Template, type: string): Resource[] =>
  Object.values(template.findResources(type)) as Resource[];

/** A lakehouse of `tables` real-time tables, each with a stream, Silver and Gold of its own. */
export function largeLakehouse(tables: number): Lakehouse {
  const names = Array.from(
    { length: tables },
    (_, i) => `table_with_a_rather_long_name_${String(i).padStart(2, '0')}`,
  );
  const byName = <T>(make: (name: string) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, make(name)]));
  return defineLakehouse('large_lakehouse', {
    streams: byName(() => ({
      columns: { id: column.string(), amount: column.double(), at: column.timestamp() },
      eventTime: 'at',
    })),
    realtime: byName((from) => ({ from, hotKey: ['id'] })),
    silver: byName((from) => ({ mode: 'upsert', from, key: ['id'] })),
    gold: Object.fromEntries(
      names.map((from) => [`${from}_total`, { from, groupBy: { id: 'id' }, measures: { n: sql`count(*)` } }]),
    ),
    alerts: byName((from) => ({ from, when: sql`amount > 100`, notify: 'team' })),
  });
}
