import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Lakehouse } from '../src/definition/index.ts';
import { TidemarkError } from '../src/errors.ts';
import type { ReplaySource } from '../src/local/replay-source.ts';

export interface LoadedDefinition {
  lakehouse: Lakehouse;
  /** Files that `tidemark dev` replays: the module's export `replays`. */
  replays: ReplaySource[];
  /** Folder of the definition's file. */
  base: string;
}

/** This package's own entry, under the name by which definitions import it. */
const SELF = fileURLToPath(new URL('./index.js', import.meta.url));

/**
 * Loads a definition written in TypeScript or JavaScript.
 * @throws TidemarkError kind `notFound` when there is no such file, `invalid` when it does not compile or exports no lakehouse
 */
export async function loadDefinition(file: string): Promise<LoadedDefinition> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new TidemarkError('notFound', `there is no definition at ${file}`, {
      remedy: 'name the file that exports your lakehouse: tidemark dev path/to/lakehouse.ts',
    });
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-'));
  try {
    const outfile = join(folder, 'definition.mjs');
    await build({
      entryPoints: [path],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      alias: { tidemark: SELF },
      logLevel: 'silent',
    });
    const module = (await import(pathToFileURL(outfile).href)) as {
      default?: Lakehouse;
      replays?: ReplaySource[];
    };
    if (typeof module.default?.name !== 'string')
      throw new TidemarkError('invalid', `${file} does not export a lakehouse`, {
        remedy: "write: export default defineLakehouse('name', { … })",
      });
    return { lakehouse: module.default, replays: module.replays ?? [], base: dirname(path) };
  } catch (error) {
    if (error instanceof TidemarkError) throw error;
    throw new TidemarkError(
      'invalid',
      `${file} cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
