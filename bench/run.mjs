// Bundles bench/<name>.ts into .cache/bench and runs it: node bench/run.mjs <name> [--option value …]
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const [name, ...args] = process.argv.slice(2);
if (!name || !existsSync(`${root}bench/${name}.ts`)) {
  const known = readdirSync(`${root}bench`).filter((f) => f.endsWith('.ts') && f !== 'support.ts');
  console.error(
    `usage: node bench/run.mjs <${known.map((f) => f.replace('.ts', '')).join(' | ')}> [--option value …]`,
  );
  process.exit(2);
}
const outfile = `${root}.cache/bench/${name}.mjs`;
await build({
  entryPoints: [`${root}bench/${name}.ts`],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
});
const env = { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
const child = spawn(process.execPath, [...process.execArgv, outfile, ...args], { stdio: 'inherit', env });
child.on('close', (code) => (process.exitCode = code ?? 1));
