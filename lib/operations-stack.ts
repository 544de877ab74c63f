import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Plan } from '../src/definition/plan.ts';
import type { DataStack } from './data-stack.ts';
import { Operations } from './operations.ts';
import type { PipelineStack } from './pipeline-stack.ts';
import type { Settings } from './settings.ts';

export interface OperationsStackProps extends StackProps {
  plan: Plan;
  data: DataStack;
  pipeline: PipelineStack;
  settings: Settings;
}

/** What watches: dashboard, alarms, budget. It can go and come back at any time. */
export class OperationsStack extends Stack {
  readonly operations: Operations;

  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    super(scope, id, props);
    const { plan, data, pipeline, settings } = props;
    this.operations = new Operations(this, 'Operations', {
      plan,
      storage: data.storage,
      ingestion: data.ingestion,
      realTime: pipeline.realTime,
      integration: pipeline.integration,
      workGroup: pipeline.consumption.workGroup,
      encryptionKey: data.encryptionKey,
      dashboard: settings['operations.dashboard'],
      alarms: settings['operations.alarms'],
      email: settings['operations.email'] || undefined,
      freshnessSeconds: settings['operations.freshnessSeconds'],
      retentionPercent: settings['operations.retentionPercent'],
      conflictsPerMinute: settings['operations.conflictsPerMinute'],
      monthlyBudgetUsd: settings['operations.monthlyBudgetUsd'] || undefined,
    });
  }
}
