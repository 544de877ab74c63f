// Bundles the CLI into dist/: one ESM file; packages stay in node_modules.
import { build } from 'esbuild';
import { chmod } from 'node:fs/promises';

await build({
  entryPoints: { tidemark: 'cli/main.ts', index: 'src/index.ts' },
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
