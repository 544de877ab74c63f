import { expect, test } from '@jest/globals';
import type { Estimate } from '../../src/operate/cost.ts';
import { run } from '../local/support/process.ts';
import { blocksOf, commandsOf } from '../support/documents.ts';

const FLIGHTS = 'examples/flights/lakehouse.ts';

test('the example of docs/cost.md gives what it says', async () => {
  const [block] = blocksOf('docs/cost.md').filter((b) => b.text.startsWith('npx tidemark cost'));
  const [command = '', ...output] = block!.text.split('\n\n');
  const [words] = commandsOf({ ...block!, text: command });
  const { code, stdout, stderr } = await run(words!.split(' ').slice(2));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trim()).toBe(output.join('\n\n').trim());
});

test('JSON has the items, the prices and their sources', async () => {
  const { code, stdout } = await run(['cost', FLIGHTS, '--format', 'json']);
  const estimate = JSON.parse(stdout) as Estimate;
  expect(code).toBe(0);
  expect(estimate).toMatchObject({ lakehouse: 'flights', region: 'us-east-1' });
  expect(estimate.items.length).toBeGreaterThan(20);
  expect(estimate.prices.every((p) => p.source !== '')).toBe(true);
});

test('--explain prints every formula, assumption and price', async () => {
  const { code, stdout } = await run(['cost', FLIGHTS, '--explain']);
  expect(code).toBe(0);
  for (const words of [
    'ingestCpuMsPerRecord',
    'kinesis.onDemandIn',
    'secondary: read on',
    'Not counted:',
    'hotKeyShare',
  ])
    expect(stdout).toContain(words);
});

test('the help has examples and exit codes', async () => {
  const { code, stdout } = await run(['cost', '--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('tidemark cost examples/flights/lakehouse.ts');
  expect(stdout).toContain('Exit codes: 0 done, 1 failed, 2 wrong input, 3 not found, 4 refused.');
});

test.each([
  [['--region', 'eu-west-1'], 'no prices for the region'],
  [['--records-per-second', 'flights=1'], 'no stream "flights"'],
  [['--records-per-second', 'flight_events=x'], 'write a number'],
  [['--hours-active', '30'], 'hoursActive is 30'],
  [['--capacity', 'reserved'], 'Allowed choices'],
])('a wrong option is code 2: %j', async (options, words) => {
  const { code, stdout, stderr } = await run(['cost', FLIGHTS, ...options]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(words);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test('a definition that is not there is code 3', async () => {
  expect(await run(['cost', 'absent.ts'])).toMatchObject({ code: 3, stdout: '' });
});
