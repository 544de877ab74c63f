// Bundles the CLI, the library and the CDK app into dist/: one ESM file each; packages stay in node_modules.
import { build } from 'esbuild';
import { chmod } from 'node:fs/promises';

await build({
  entryPoints: {
    tidemark: 'cli/main.ts',
    index: 'src/index.ts',
    producer: 'src/producer/index.ts',
    cdk: 'bin/tidemark.ts',
    constructs: 'lib/index.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: true,
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
await chmod('dist/tidemark.js', 0o755);
