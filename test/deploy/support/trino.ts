import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Emulator } from '../../emulator/emulator.ts';
import { freePort } from './free-port.ts';
import { say } from './progress.ts';
import { installedTrino, type TrinoInstallation } from './trino-install.ts';

const READY_MS = 120_000;
const LOG_CHARACTERS = 100_000;
const TOLD_CHARACTERS = 4_000;
/** As in Athena: what the views' texts name. */
const CATALOG = 'awsdatacatalog';

const JVM = [
  '-Xmx2G',
  '-Xms512M',
  '-XX:+UseSerialGC',
  '-XX:ActiveProcessorCount=2',
  '-XX:+ExitOnOutOfMemoryError',
  '-XX:ReservedCodeCacheSize=256M',
  '-Djdk.attach.allowAttachSelf=true',
  '-Dfile.encoding=UTF-8',
  '-Djdk.nio.maxCachedBufferSize=2000000',
];

export interface Trino {
  /** The rows of a query, as JSON has them; throws with Trino's own message. */
  rows(sql: string): Promise<unknown[][]>;
  stop(): Promise<void>;
}

/** Starts Trino over the emulator's Glue and S3, under the catalog's name in Athena. */
export async function startTrino(emulator: Emulator): Promise<Trino> {
  const installation = await installedTrino();
  const began = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-trino-'));
  const port = await freePort();
  await configure(folder, installation, emulator.url, port);
  const { child, log } = launch(folder, installation);
  const stop = async (): Promise<void> => {
    const exited = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const trino = { rows: (sql: string) => query(`http://127.0.0.1:${port}`, sql), stop };
  try {
    await untilReady(trino, child);
  } catch (error) {
    await stop();
    throw new Error(`Trino did not start: ${log().slice(-TOLD_CHARACTERS)}`, { cause: error });
  }
  say(`Trino started in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  return trino;
}

async function configure(
  folder: string,
  { home }: TrinoInstallation,
  url: string,
  port: number,
): Promise<void> {
  const catalogs = join(folder, 'etc', 'catalog');
  await mkdir(catalogs, { recursive: true });
  await properties(join(folder, 'etc', 'config.properties'), {
    coordinator: 'true',
    'node-scheduler.include-coordinator': 'true',
    'http-server.http.enabled': 'true',
    'http-server.http.port': String(port),
    'discovery.uri': `http://127.0.0.1:${port}`,
    'query.max-memory': '512MB',
    'query.max-memory-per-node': '512MB',
    'memory.heap-headroom-per-node': '512MB',
    'catalog.management': 'static',
    'catalog.config-dir': catalogs,
    'plugin.dir': join(home, 'plugin'),
    'node.environment': 'test',
    'node.id': 'one',
    'node.internal-address': '127.0.0.1',
    'node.bind-ip': '127.0.0.1',
  });
  await properties(join(catalogs, `${CATALOG}.properties`), {
    'connector.name': 'iceberg',
    'iceberg.catalog.type': 'glue',
    'iceberg.file-format': 'PARQUET',
    'hive.metastore.glue.endpoint-url': url,
    'hive.metastore.glue.region': 'us-east-1',
    'hive.metastore.glue.aws-access-key': 'test',
    'hive.metastore.glue.aws-secret-key': 'test',
    'hive.metastore.glue.default-warehouse-dir': 's3://none/none',
    'fs.native-s3.enabled': 'true',
    's3.endpoint': url,
    's3.region': 'us-east-1',
    's3.path-style-access': 'true',
    's3.aws-access-key': 'test',
    's3.aws-secret-key': 'test',
  });
}

function properties(path: string, values: Record<string, string>): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  return writeFile(path, lines.join(''));
}

function launch(
  folder: string,
  { home, java }: TrinoInstallation,
): { child: ChildProcess; log: () => string } {
  const config = `-Dconfig=${join(folder, 'etc', 'config.properties')}`;
  const args = [...JVM, config, '-cp', join(home, 'lib', '*'), 'io.trino.server.TrinoServer'];
  const child = spawn(java, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (text = (text + chunk.toString()).slice(-LOG_CHARACTERS)));
  child.on('error', (error) => (text += error.message));
  // It must not outlive the process that started it.
  process.once('exit', () => child.kill('SIGKILL'));
  return { child, log: () => text };
}

/** Also after it says that it has started, queries fail until it has found itself as a node. */
async function untilReady(trino: Trino, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + READY_MS;
  let cause: unknown;
  while (child.exitCode === null && child.signalCode === null && Date.now() < deadline) {
    try {
      const nodes = await trino.rows(`SELECT 1 FROM system.runtime.nodes WHERE state = 'active'`);
      if (nodes.length > 0) return;
    } catch (error) {
      // Not listening yet, or starting: asked again until the deadline.
      cause = error;
    }
    await sleep(250);
  }
  throw new Error(`not ready after ${READY_MS} ms, or ended`, { cause });
}

interface Page {
  nextUri?: string;
  data?: unknown[][];
  error?: { message: string; errorName: string };
}

async function query(url: string, sql: string): Promise<unknown[][]> {
  const headers = { 'x-trino-user': 'analyst', 'x-trino-catalog': CATALOG };
  const rows: unknown[][] = [];
  let answer = await fetch(`${url}/v1/statement`, { method: 'POST', headers, body: sql });
  for (;;) {
    if (!answer.ok) throw new Error(`Trino answered ${answer.status}: ${await answer.text()}`);
    const page = (await answer.json()) as Page;
    if (page.error) throw new Error(`${page.error.errorName}: ${page.error.message}\n${sql.slice(0, 500)}`);
    rows.push(...(page.data ?? []));
    if (page.nextUri === undefined) return rows;
    answer = await fetch(page.nextUri, { headers });
  }
}
