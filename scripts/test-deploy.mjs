// `npm run test:deploy [pattern]`: the whole way from `cdk deploy` to rows in every table, on an emulator of AWS.
// The last line is `N passed, N failed`; a skipped test counts as failed.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath } from 'node:url';

const LIMIT_MS = 20 * 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'tidemark-test-deploy-'));
const report = join(folder, 'report.json');

const jest = [
  'node_modules/jest/bin/jest.js',
  '-c',
  'jest.deploy.config.mjs',
  '--json',
  `--outputFile=${report}`,
];
const node = ['--experimental-vm-modules', '--no-warnings=ExperimentalWarning'];
const child = spawn(process.execPath, [...node, ...jest, ...process.argv.slice(2)], {
  cwd: root,
  // The report goes to its file; what the tests say comes on standard error.
  stdio: ['ignore', 'ignore', 'inherit'],
});
const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
const status = await new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
clearTimeout(timer);

const { passed, failed } = await counts();
await rm(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

async function counts() {
  let result;
  try {
    result = JSON.parse(await readFile(report, 'utf8'));
  } catch (error) {
    console.error(`Jest left no report; it ended with ${status}: ${error.message}`);
    return { passed: 0, failed: 1 };
  }
  const skipped = result.numPendingTests + result.numTodoTests;
  const failed = result.numFailedTests + skipped + result.numRuntimeErrorTestSuites;
  // A suite that found nothing, an open handle, a crash of a worker: Jest says so by its status only.
  return { passed: result.numPassedTests, failed: failed === 0 && status !== 0 ? 1 : failed };
}
