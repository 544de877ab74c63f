import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../src/errors.ts';
import { installedPython } from './install.ts';

const RUNNER = fileURLToPath(new URL('run_ministack.py', import.meta.url));
const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const READY_MS = 30_000;
const STARTS = 3;
const LOG_BYTES = 200_000;

export interface Emulator {
  /** `http://localhost:<port>`: a name, because S3 and CDK derive host names from it. */
  url: string;
  /** What the AWS CLI, the SDKs and CDK need in their environment to talk to it. */
  env: Record<string, string>;
  /** Wipes every resource of every service. */
  reset(): Promise<void>;
  /** Ends it with every process it started. */
  stop(): Promise<void>;
  /** The newest part of what it printed. */
  log(): string;
}

export interface EmulatorOptions {
  /** Added to the emulator's own environment. */
  env?: Record<string, string>;
}

/**
 * Starts ministack, an emulator of AWS without Docker, on a free port of the loopback interface. Installs it first
 * when it is missing. Every call gives an emulator of its own; it ends with this process at the latest.
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const python = await installedPython();
  for (let start = 1; ; start++) {
    const port = await freePort();
    const emulator = launch(python, port, options);
    try {
      await untilReady(emulator);
      return emulator;
    } catch (error) {
      await emulator.stop();
      // Between choosing the port and binding it, another process may have taken it.
      if (start >= STARTS) throw new Error(`the emulator did not start: ${emulator.log()}`, { cause: error });
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

interface Launched extends Emulator {
  ended(): boolean;
}

function launch(python: string, port: number, options: EmulatorOptions): Launched {
  const child = spawn(python, ['-u', RUNNER], {
    // A group of its own, so that Lambda workers can be ended with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...inherited(),
      // Lambda functions run on the `node` found first.
      PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      // Without the SDK's clients CDK's own custom resources hang.
      NODE_PATH: NODE_MODULES,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
      ATHENA_ENGINE: 'duckdb',
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      ...options.env,
    },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-LOG_BYTES)));
  // A spawn that fails is told by the readiness check, with what was printed.
  child.on('error', (error) => (text += error.message));
  // The runner ends by itself when the pipe breaks; a write to it never happens.
  child.stdin.on('error', (error) => (text += error.message));
  const url = `http://localhost:${port}`;
  return {
    url,
    env: clientEnvironment(url),
    ended: () => child.exitCode !== null || child.signalCode !== null || child.pid === undefined,
    log: () => text,
    reset: async () => {
      const answer = await fetch(`${url}/_ministack/reset`, { method: 'POST' });
      if (!answer.ok) throw new Error(`the emulator could not be reset: ${answer.status}`);
    },
    stop: () => stop(child),
  };
}

/** The caller's environment without anything that points at a real account or another emulator. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !name.startsWith('AWS_') && !name.startsWith('MINISTACK_'),
    ),
  );
}

function clientEnvironment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

async function untilReady(emulator: Launched): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let cause: unknown;
  while (!emulator.ended() && Date.now() < deadline) {
    try {
      const answer = await fetch(`${emulator.url}/_ministack/ready`, { signal: AbortSignal.timeout(2000) });
      if (answer.ok) return;
      cause = new Error(`it answered ${answer.status}`);
    } catch (error) {
      // Not listening yet, or slow: looked at again until the deadline.
      cause = error;
    }
    await sleep(50);
  }
  throw new Error(emulator.ended() ? 'it ended' : `not ready after ${READY_MS} ms`, { cause });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const exited =
    child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve([]);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // The group is gone already.
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  await exited;
}
