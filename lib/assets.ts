import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, type ILocalBundling } from 'aws-cdk-lib';
import { Architecture, Code } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { referenceFile } from '../lambdas/reference-file.ts';
import type { Plan } from '../src/definition/plan.ts';

/** Handlers of `lambdas/`, one folder each. */
export type HandlerName = 'ingest' | 'commit' | 'integrate' | 'maintain' | 'tables';

/** The package's root, seen from `lib/` and from the bundled app in `dist/` alike. */
const ROOT = fileURLToPath(new URL('../', import.meta.url));
const LAMBDAS = join(ROOT, 'lambdas');

/** A plan and what it names, as files. */
export interface DefinitionFiles {
  plan: Plan;
  /** Changes with the plan and with every byte of its references. */
  hash: string;
  /** Folder with `plan.json`. */
  planFolder: string;
  /** Folder with `plan.json` and `references/<name>-<file>`. */
  folder: string;
}

/** Assets are copies in the cloud assembly: nothing asks for these folders after the synthesis. */
const temporary: string[] = [];
process.once('exit', () => temporary.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/**
 * Writes the plan and copies its references to where assets are made of them.
 * @param base folder that relative paths of references start from
 */
export function definitionFiles(plan: Plan, base: string): DefinitionFiles {
  const root = mkdtempSync(join(tmpdir(), 'tidemark-definition-'));
  temporary.push(root);
  const [planFolder, folder] = [join(root, 'plan'), join(root, 'definition')];
  mkdirSync(planFolder);
  mkdirSync(join(folder, 'references'), { recursive: true });
  const json = JSON.stringify(plan);
  const hash = createHash('sha256').update(json);
  writeFileSync(join(planFolder, 'plan.json'), json);
  writeFileSync(join(folder, 'plan.json'), json);
  for (const { name, source } of plan.references) {
    const path = resolve(base, source);
    if (!existsSync(path))
      throw new Error(`reference "${name}" has no file at ${source}: put it beside the definition`);
    hash.update(name).update(readFileSync(path));
    cpSync(path, join(folder, referenceFile(name, source)));
  }
  return { plan, hash: hash.digest('hex'), planFolder, folder };
}

/** What is never bundled: the native library is in a layer. */
const EXTERNAL = ['@duckdb/node-bindings', '@duckdb/node-bindings-*'];

/** Nothing is bundled in a container: esbuild and npm run anywhere. */
const NO_CONTAINER = DockerImage.fromRegistry('public.ecr.aws/docker/library/node:24');

function bundledBy(
  source: string,
  hashType: AssetHashType,
  work: (output: string) => void,
  assetHash?: string,
): Code {
  const local: ILocalBundling = {
    tryBundle: (output) => {
      work(output);
      return true;
    },
  };
  return Code.fromAsset(source, {
    bundling: { image: NO_CONTAINER, local },
    assetHashType: hashType,
    assetHash,
  });
}

/**
 * A handler, bundled, with the plan beside it; with the references too where `withReferences`.
 * CommonJS: Lambda's ESM loader does not look for modules in layers.
 */
export function handlerCode(name: HandlerName, files: DefinitionFiles, withReferences = false): Code {
  return bundledBy(join(LAMBDAS, name), AssetHashType.OUTPUT, (output) => {
    buildSync({
      entryPoints: [join(LAMBDAS, name, 'index.ts')],
      outfile: join(output, 'index.js'),
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['module', 'main'],
      minify: true,
      keepNames: true,
      external: EXTERNAL,
      logLevel: 'error',
      absWorkingDir: ROOT,
    });
    // The bundle is CommonJS wherever it is unpacked.
    writeFileSync(join(output, 'package.json'), '{"type":"commonjs"}');
    cpSync(withReferences ? files.folder : files.planFolder, join(output, 'definition'), { recursive: true });
  });
}

const npmCpu = (architecture: Architecture): string =>
  architecture === Architecture.ARM_64 ? 'arm64' : 'x64';

/** Installs the layer once for each lock and architecture; a killed installation leaves nothing that is taken for whole. */
function installLayer(source: string, key: string, cpu: string): string {
  const cached = join(process.cwd(), '.cache', `duckdb-layer-${key}`);
  if (existsSync(cached)) return cached;
  const work = `${cached}.${process.pid}`;
  const nodejs = join(work, 'nodejs');
  mkdirSync(nodejs, { recursive: true });
  for (const file of ['package.json', 'package-lock.json']) cpSync(join(source, file), join(nodejs, file));
  const args = [
    'ci',
    '--os=linux',
    `--cpu=${cpu}`,
    '--libc=glibc',
    '--ignore-scripts',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
  ];
  try {
    execFileSync(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
      cwd: nodejs,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    renameSync(work, cached);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return cached;
}

/** DuckDB's native library for an architecture, installed from the lock in `lambdas/duckdb-layer` on any host. */
export function duckdbLayerCode(architecture: Architecture): Code {
  const source = join(LAMBDAS, 'duckdb-layer');
  const lock = readFileSync(join(source, 'package-lock.json'));
  const cpu = npmCpu(architecture);
  const key = createHash('sha256').update(lock).update(cpu).digest('hex').slice(0, 32);
  return bundledBy(
    source,
    AssetHashType.CUSTOM,
    (output) => cpSync(installLayer(source, key, cpu), output, { recursive: true }),
    key,
  );
}
