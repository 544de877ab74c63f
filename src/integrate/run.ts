import { aggregateGold } from './gold.ts';
import { mergeSilver } from './merge.ts';
import type { IntegrationPorts, StepResult } from './ports.ts';
import { integrationStages, type IntegrationStep } from './steps.ts';

/** Runs one step: the body of the integration function in the cloud and of the local runner. */
export function runStep(ports: IntegrationPorts, step: IntegrationStep): Promise<StepResult> {
  return step.kind === 'merge' ? mergeSilver(ports, step.table) : aggregateGold(ports, step.table);
}

/** Runs all stages once, in order. */
export async function runIntegration(
  ports: IntegrationPorts,
  onStep: (result: StepResult) => void = () => undefined,
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const stage of integrationStages(ports.plan)) {
    for (const step of stage) {
      const result = await runStep(ports, step);
      results.push(result);
      onStep(result);
    }
  }
  return results;
}
