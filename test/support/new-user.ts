import { spawn, type ChildProcess } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { transform } from 'esbuild';
import { ROOT } from './documents.ts';

const PROGRAM = join(ROOT, 'dist/tidemark.js');
const FREE_PORTS = ['--port', '0', '--console-port', '0'];
/** Lines of each replayed file: enough that flights depart, few enough for a test. */
const LINES = { 'events-2013-01.ndjson.gz': 4_000, 'weather-2013-01.ndjson.gz': 200 };

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** What a process says, and how it ends. */
function watch(child: ChildProcess, said: (stdout: string) => void = () => undefined): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => said((stdout += chunk.toString())));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** A copy of the flights example with the first days of its month. */
async function copyFlights(folder: string): Promise<void> {
  const from = join(ROOT, 'examples/flights');
  await mkdir(join(folder, 'data'), { recursive: true });
  await copyFile(join(from, 'lakehouse.ts'), join(folder, 'lakehouse.ts'));
  for (const name of ['airlines.csv', 'airports.csv', 'planes.csv'])
    await copyFile(join(from, 'data', name), join(folder, 'data', name));
  for (const [name, lines] of Object.entries(LINES)) {
    const text = (await promisify(gunzip)(await readFile(join(from, 'data', name)))).toString('utf8');
    const cut = `${text.split('\n').slice(0, lines).join('\n')}\n`;
    await writeFile(join(folder, 'data', name), await promisify(gzip)(cut));
  }
}

/**
 * Somebody who follows the README in a folder of their own, beside a lakehouse that runs there. Commands run as they are
 * written; only `npx tidemark` is this checkout's program, and the default data folder is in the temporary one.
 */
export class NewUser {
  readonly folder: string;
  endpoint = '';
  #lakehouse: ChildProcess | undefined;
  #ended: Promise<Finished> | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async arrive(): Promise<NewUser> {
    const user = new NewUser(await mkdtemp(join(tmpdir(), 'tidemark-readme-')));
    await copyFlights(join(user.folder, 'examples/flights'));
    await mkdir(join(user.folder, 'bin'));
    const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`;
    await writeFile(join(user.folder, 'bin/npx'), npx, { mode: 0o755 });
    return user;
  }

  #spawn(file: string, args: string[], data = 'data'): ChildProcess {
    const path = `${join(this.folder, 'bin')}${delimiter}${process.env.PATH ?? ''}`;
    const env = {
      ...process.env,
      PATH: path,
      TIDEMARK_DATA: join(this.folder, data),
      // The SDK tells users of Node 20 that its own support ends.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
    return spawn(file, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts the lakehouse that stays, and waits until its replay is merged and some seconds old. */
  async start(args: string[]): Promise<void> {
    const child = this.#spawn(process.execPath, [PROGRAM, ...args, '--speed', 'max', ...FREE_PORTS]);
    this.#lakehouse = child;
    this.endpoint = await new Promise<string>((resolve, reject) => {
      this.#ended = watch(child, (stdout) => {
        const found = /Kinesis\s+(http:\S+)/.exec(stdout)?.[1];
        if (found !== undefined) resolve(found);
      });
      void this.#ended.then(
        ({ stderr }) => reject(new Error(`the lakehouse did not start: ${stderr}`)),
        reject,
      );
    });
    const count = `npx tidemark query "SELECT count(*) AS n FROM flights_silver.flights" --format csv`;
    await this.until(count, /[1-9]/);
    await wait(6_000);
  }

  /** A run of its own to its end. */
  finish(args: string[], data: string): Promise<Finished> {
    const all = [PROGRAM, ...args, ...(args.includes('--exit-when-idle') ? [] : ['--exit-when-idle'])];
    return watch(this.#spawn(process.execPath, [...all, ...FREE_PORTS], data));
  }

  shell(command: string, data?: string): Promise<Finished> {
    return watch(this.#spawn('/bin/sh', ['-c', command], data));
  }

  /** Repeats a command until it says what is expected. */
  async until(command: string, expected: RegExp): Promise<string> {
    let last: Finished | undefined;
    for (let i = 0; i < 40; i++) {
      last = await this.shell(command);
      if (last.code === 0 && expected.test(last.stdout)) return last.stdout;
      await wait(250);
    }
    throw new Error(`${command} never said ${String(expected)}: ${last?.stdout ?? ''}${last?.stderr ?? ''}`);
  }

  /** Runs a program that is written for the default endpoint; its packages are this checkout's. */
  async program(source: string, defaultEndpoint: string): Promise<Finished> {
    const { code } = await transform(source.replaceAll(defaultEndpoint, this.endpoint), {
      loader: 'ts',
      format: 'esm',
    });
    const folder = join(ROOT, '.cache');
    await mkdir(folder, { recursive: true });
    const file = join(folder, `readme-${process.pid}.mjs`);
    await writeFile(file, code);
    try {
      return await watch(this.#spawn(process.execPath, [file]));
    } finally {
      await rm(file, { force: true });
    }
  }

  /** What `aws kinesis put-record` sends. */
  async putRecord(stream: string, partitionKey: string, data: string): Promise<Response> {
    return fetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
      },
      body: JSON.stringify({
        StreamName: stream,
        PartitionKey: partitionKey,
        Data: Buffer.from(data).toString('base64'),
      }),
    });
  }

  async leave(): Promise<void> {
    this.#lakehouse?.kill('SIGTERM');
    await this.#ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
