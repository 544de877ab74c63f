import { Tags, type Environment } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { DefinitionFiles } from './assets.ts';
import { DataStack } from './data-stack.ts';
import { OperationsStack } from './operations-stack.ts';
import { PipelineStack } from './pipeline-stack.ts';
import type { Settings } from './settings.ts';

export interface TidemarkLakehouseProps {
  definition: DefinitionFiles;
  settings: Settings;
  /** @default the account and region of whoever deploys */
  env?: Environment;
}

/**
 * A whole lakehouse: what keeps state, what moves data, and what watches it, each a stack of its own. The state's stack
 * hardly ever changes, and no stack comes near CloudFormation's 500 resources with 50 tables.
 * @example
 * const plan = await compileLakehouse(lakehouse);
 * new TidemarkLakehouse(app, plan.name, { definition: definitionFiles(plan, folder), settings: readSettings({}) });
 */
export class TidemarkLakehouse extends Construct {
  readonly data: DataStack;
  readonly pipeline: PipelineStack;
  /** Absent when dashboard and alarms are off and there is no budget. */
  readonly operations: OperationsStack | undefined;

  constructor(scope: Construct, id: string, props: TidemarkLakehouseProps) {
    super(scope, id);
    const { definition, settings, env } = props;
    const { plan } = definition;
    const name = plan.name.replaceAll('_', '-');
    const stack = (part: string) => ({
      env,
      stackName: `${name}-${part}`,
      description: `Tidemark lakehouse ${plan.name}: ${part}`,
    });
    this.data = new DataStack(this, 'Data', { ...stack('data'), plan, settings });
    this.pipeline = new PipelineStack(this, 'Pipeline', {
      ...stack('pipeline'),
      data: this.data,
      definition,
      settings,
    });
    if (
      settings['operations.alarms'] ||
      settings['operations.dashboard'] ||
      settings['operations.monthlyBudgetUsd'] > 0
    )
      this.operations = new OperationsStack(this, 'Operations', {
        ...stack('operations'),
        data: this.data,
        pipeline: this.pipeline,
        plan,
        settings,
      });
    Tags.of(this).add('tidemark:lakehouse', plan.name);
    for (const [key, value] of Object.entries(settings.tags)) Tags.of(this).add(key, value);
  }
}
