import type { Calls } from './calls.ts';

interface Groups {
  logGroups: { logGroupName: string }[];
}
interface Events {
  events: { timestamp: number; message: string }[];
}

/** Everything that the deployed functions and the state machine logged, group by group. */
export async function functionLogs(calls: Calls): Promise<string> {
  const { logGroups } = await calls.json<Groups>('logs', 'DescribeLogGroups', {});
  const texts = await Promise.all(
    logGroups.map(async ({ logGroupName }) => {
      const { events } = await calls.json<Events>('logs', 'FilterLogEvents', { logGroupName });
      return `== ${logGroupName}\n${events.map((e) => `${new Date(e.timestamp).toISOString()} ${e.message}\n`).join('')}`;
    }),
  );
  return texts.join('');
}
