// Makes the example's data from the nycflights13 data set; README.md says how.
// Bundles build-data.ts first, so that Node 20 runs it without a TypeScript loader.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const bundle = new URL('../../.cache/flights/build-data.mjs', import.meta.url);
await build({
  entryPoints: [fileURLToPath(new URL('build-data.ts', import.meta.url))],
  outfile: fileURLToPath(bundle),
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const { main } = await import(bundle.href);
try {
  console.log(JSON.stringify(await main(process.argv.slice(2)), null, 2));
} catch (error) {
  console.error(error.message, error.context ?? '', error.remedy ?? '');
  process.exitCode = 1;
}
