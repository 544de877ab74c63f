import { setTimeout as sleep } from 'node:timers/promises';
import type { Calls } from './calls.ts';

const POLL_MS = 250;

interface Execution {
  status: string;
  output?: string;
  error?: string;
  cause?: string;
}

/** Starts a state machine and waits for the end of the run; throws with the run's error unless it succeeded. */
export async function execute(calls: Calls, stateMachineArn: string, within: number): Promise<unknown> {
  const { executionArn } = await calls.json<{ executionArn: string }>('states', 'StartExecution', { stateMachineArn });
  const deadline = Date.now() + within;
  for (;;) {
    const run = await calls.json<Execution>('states', 'DescribeExecution', { executionArn });
    if (run.status === 'SUCCEEDED') return JSON.parse(run.output ?? 'null');
    if (run.status !== 'RUNNING') throw new Error(`the run ended ${run.status}: ${run.error ?? ''} ${run.cause ?? ''}`);
    if (Date.now() > deadline) throw new Error(`the run did not end within ${within} ms`);
    await sleep(POLL_MS);
  }
}
