import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUNTIME = fileURLToPath(new URL('./runtime.cjs', import.meta.url));
/** Where a bundle finds what is a layer on Lambda. */
const MODULES = fileURLToPath(new URL('../../../node_modules', import.meta.url));

export interface SandboxOptions {
  /** Path of the handler's code. */
  code: string;
  /** Signs the requests, and so says whose they are. */
  name: string;
  environment: Record<string, string>;
  region: string;
  endpoint: string;
  /** How far its clock is ahead, milliseconds. @default 0 */
  ahead?: number;
}

/** A handler in a process of its own, as it runs on Lambda. */
export class Sandbox {
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()));
  }

  /** A cold start. */
  static async open({ code, name, environment, region, endpoint, ahead }: SandboxOptions): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-sandbox-'));
    const env = {
      ...environment,
      PATH: process.env.PATH,
      NODE_PATH: MODULES,
      TMPDIR: folder,
      AWS_REGION: region,
      AWS_ENDPOINT_URL: endpoint,
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: 'unchecked',
      ...(ahead === undefined ? {} : { SHIFT_CLOCK_MS: String(ahead) }),
    };
    return new Sandbox(fork(RUNTIME, [code], { env, execArgv: [], silent: true }), folder);
  }

  /** What the function logged. */
  get said(): string {
    return this.#said;
  }

  /** Runs an event to its end. @throws what the handler throws */
  async invoke(event: object): Promise<unknown> {
    const ended = once(this.#child, 'exit').then(() => {
      throw new Error(`the function ended:\n${this.#said}`);
    });
    ended.catch(() => undefined);
    const answered = once(this.#child, 'message');
    this.#child.send(event);
    const [answer] = (await Promise.race([answered, ended])) as [{ result?: unknown; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }
}
