// Bundles and runs demo.ts; the bundle lies inside the checkout so that it finds its packages.
import { build } from 'esbuild';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(import.meta.dirname, '../..');
const outfile = path.join(folder, '.cache/console-demo.mjs');
await build({
  entryPoints: [path.join(folder, 'test/console/demo.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
process.argv.splice(2, 0, folder);
await import(pathToFileURL(outfile).href);
