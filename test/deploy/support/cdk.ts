import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Emulator } from '../../emulator/emulator.ts';
import { say } from './progress.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CLI = join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
/** An account that exists nowhere: what the emulator answers to everybody. */
const ENVIRONMENT = 'aws://000000000000/us-east-1';
const COMMAND_MS = 240_000;
const TOLD_CHARACTERS = 6_000;

export interface CdkOptions {
  /** The program that makes the app, in place of the one in `cdk.json`. */
  app?: string;
  /** Settings of the app, given as `--context name=value`. */
  context?: Record<string, string>;
}

/** Outputs by stack, as `--outputs-file` has them. */
export type StackOutputs = Record<string, Record<string, string>>;

/**
 * The real CDK command line against an emulator. It has a home of its own, because CDK remembers there which key belongs
 * to which account, and an output folder of its own, so that nothing is left in the checkout.
 */
export class Cdk {
  readonly #emulator: Emulator;
  readonly #folder: string;
  readonly #options: CdkOptions;

  private constructor(emulator: Emulator, folder: string, options: CdkOptions) {
    this.#emulator = emulator;
    this.#folder = folder;
    this.#options = options;
  }

  static async open(emulator: Emulator, options: CdkOptions = {}): Promise<Cdk> {
    return new Cdk(emulator, await mkdtemp(join(tmpdir(), 'tidemark-cdk-')), options);
  }

  /** The same command line with more settings: later ones win. */
  with(context: Record<string, string>): Cdk {
    const options = { ...this.#options, context: { ...this.#options.context, ...context } };
    return new Cdk(this.#emulator, this.#folder, options);
  }

  async bootstrap(): Promise<void> {
    await this.#run(['bootstrap', ENVIRONMENT]);
  }

  async deploy(): Promise<StackOutputs> {
    const file = join(this.#folder, 'outputs.json');
    await this.#run(['deploy', '--all', '--require-approval', 'never', '--outputs-file', file]);
    return JSON.parse(await readFile(file, 'utf8')) as StackOutputs;
  }

  /** What `cdk diff` prints. */
  diff(): Promise<string> {
    return this.#run(['diff', '--all']);
  }

  async destroy(): Promise<void> {
    await this.#run(['destroy', '--all', '--force']);
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run(args: string[]): Promise<string> {
    const began = Date.now();
    const { app, context = {} } = this.#options;
    const settings = Object.entries(context).flatMap(([name, value]) => ['--context', `${name}=${value}`]);
    const all = [CLI, ...args, ...settings, '--output', join(this.#folder, 'cdk.out'), '--no-notices'];
    const { status, text } = await finished(
      [...all, ...(app === undefined ? [] : ['--app', app])],
      this.#environment(),
    );
    if (status !== 0)
      throw new Error(`cdk ${args[0]!} ended with ${String(status)}:\n${text.slice(-TOLD_CHARACTERS)}`);
    say(`cdk ${args[0]!}: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    return text;
  }

  #environment(): NodeJS.ProcessEnv {
    // What points at a real account must not come through.
    const own = Object.entries(process.env).filter(([name]) => !/^(AWS|CDK)_/.test(name));
    return {
      ...Object.fromEntries(own),
      ...this.#emulator.env,
      PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      CDK_HOME: join(this.#folder, 'home'),
      CDK_DISABLE_VERSION_CHECK: '1',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CI: 'true',
      NO_COLOR: '1',
    };
  }
}

/** Runs Node with these arguments, ended with every process it started when it takes too long. */
async function finished(
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ status: number | string; text: string }> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const timer = setTimeout(() => {
    text += `\nstopped after ${COMMAND_MS / 1000} s`;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, COMMAND_MS);
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve(status ?? signal ?? 'no status'));
  });
  clearTimeout(timer);
  return { status: code, text };
}
