import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { setTimeout as wait } from 'node:timers/promises';
import { isKind } from '../src/errors.ts';
import type { Log } from '../src/ports/log.ts';

/** CloudFormation takes 4096 bytes in all. */
const LONGEST_REASON = 2_000;
const ATTEMPTS = 5;

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = isKind(error, 'refused', 'invalid', 'conflict', 'unknown', 'corrupt')
    ? error.remedy
    : undefined;
  return (remedy === undefined ? message : `${message}. ${remedy}`).slice(0, LONGEST_REASON);
}

async function send(url: string, body: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // The URL is signed for a request without a content type.
      const answer = await fetch(url, { method: 'PUT', body, headers: { 'content-type': '' } });
      if (answer.ok) return;
      throw new Error(`CloudFormation's answer box says ${answer.status}`);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
      await wait(200 * 2 ** attempt);
    }
  }
}

/** Does the work of a custom resource and tells CloudFormation what became of it: also a failure is an answer. */
export async function respond(
  event: CloudFormationCustomResourceEvent,
  physicalId: string,
  log: Log,
  work: () => Promise<Record<string, string>>,
): Promise<void> {
  const common = {
    StackId: event.StackId,
    RequestId: event.RequestId,
    LogicalResourceId: event.LogicalResourceId,
    // Never a new one: CloudFormation would then delete what it takes for the old resource.
    PhysicalResourceId: 'PhysicalResourceId' in event ? event.PhysicalResourceId : physicalId,
  };
  let answer: object;
  try {
    answer = { ...common, Status: 'SUCCESS', Data: await work() };
  } catch (error) {
    log.error('the resource could not be made', { request: event.RequestType, error });
    answer = { ...common, Status: 'FAILED', Reason: reasonOf(error) };
  }
  await send(event.ResponseURL, JSON.stringify(answer));
}
