import { performance } from 'node:perf_hooks';
import { goldTable, silverTable } from '../definition/tables.ts';
import type { IntegrationPorts, StepResult } from '../integrate/ports.ts';
import { runStep } from '../integrate/run.ts';
import { integrationStages } from '../integrate/steps.ts';
import type { Metrics } from './metrics.ts';

/**
 * Runs the integration steps on a schedule, one run at a time: what the state machine does in the cloud, from the same
 * description of steps. A failing step is tried again with the next run; the others go on.
 */
export class IntegrateLoop {
  readonly #ports: IntegrationPorts;
  readonly #metrics: Metrics;
  readonly #everyMs: number;
  #current: Promise<StepResult[]> | undefined;

  constructor(ports: IntegrationPorts, metrics: Metrics, everyMs: number) {
    this.#ports = ports;
    this.#metrics = metrics;
    this.#everyMs = everyMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports.io;
    while (!signal.aborted) {
      const results = await this.once();
      if (!results.some((r) => r.more)) await clock.sleep(this.#everyMs, signal);
    }
  }

  /** One run over all stages; joins the one under way, since merges of a table never overlap. */
  once(): Promise<StepResult[]> {
    this.#current ??= this.#stages().finally(() => (this.#current = undefined));
    return this.#current;
  }

  /** A whole run that began after this call: it sees all that was committed before. */
  async fresh(): Promise<StepResult[]> {
    await this.#current;
    return this.once();
  }

  async #stages(): Promise<StepResult[]> {
    const { plan, io, log } = this.#ports;
    const results: StepResult[] = [];
    for (const stage of integrationStages(plan))
      for (const step of stage) {
        const began = performance.now();
        try {
          const result = await runStep(this.#ports, step);
          const name = step.kind === 'merge' ? silverTable(plan, step.table) : goldTable(plan, step.table);
          this.#metrics.merged(name, result, io.clock.now(), Math.round(performance.now() - began));
          results.push(result);
        } catch (error) {
          log.error('an integration step failed; it will be tried with the next run', {
            step: step.id,
            error,
          });
          results.push({ step: step.id, outcome: 'failed', read: 0, changed: 0, more: false });
        }
      }
    return results;
  }
}
