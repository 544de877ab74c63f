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
  const { executionArn } = await calls.json<{ executionArn: string }>('states', 'StartExecution', {
    stateMachineArn,
  });
  const deadline = Date.now() + within;
  for (;;) {
    const run = await calls.json<Execution>('states', 'DescribeExecution', { executionArn });
    if (run.status === 'SUCCEEDED') return JSON.parse(run.output ?? 'null');
    if (run.status !== 'RUNNING')
      throw new Error(`the run ended ${run.status}: ${run.error ?? ''} ${run.cause ?? ''}`);
    if (Date.now() > deadline) throw new Error(`the run did not end within ${within} ms`);
    await sleep(POLL_MS);
  }
}

/** The ARN of the one state machine whose name has this part. */
export async function stateMachine(calls: Calls, part: string): Promise<string> {
  const answer = await calls.json<{ stateMachines: { stateMachineArn: string; name: string }[] }>(
    'states',
    'ListStateMachines',
    {},
  );
  const found = answer.stateMachines.filter((m) => m.name.includes(part));
  if (found.length !== 1) throw new Error(`${found.length} state machines have ${part} in their name`);
  return found[0]!.stateMachineArn;
}
