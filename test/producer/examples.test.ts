import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { compileContract } from '../../src/ingest/contract.ts';
import { planStream } from '../../src/producer/encode.ts';
import lakehouse from '../../examples/flights/lakehouse.ts';
import { cleanUp, startEndpoint, type Endpoint } from '../local/kinesis/harness.ts';
import { ROOT } from '../support/documents.ts';
import { stored } from './support.ts';

const EXAMPLES = join(ROOT, 'examples/producers');
const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;
const AWS = succeeds('aws', '--version');
const PYTHON = succeeds('python3', '-c', 'import boto3');

let endpoint: Endpoint;
beforeEach(async () => {
  endpoint = await startEndpoint({ fsync: false });
  await endpoint.store.createStream('flight_events', { shardCount: 2 });
});
afterEach(cleanUp);

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a program as its first lines say, on this machine's endpoint. */
function follow(command: string, ...args: string[]): Promise<Finished> {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL_KINESIS: endpoint.server.url,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const child = spawn(command, args, { env });
  const finished = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (finished.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (finished.stderr += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...finished })));
}

/** The events of each flight in the order of the stream; every record keeps the contract. */
async function flights(): Promise<Record<string, string[]>> {
  const contract = compileContract(planStream(lakehouse.streams.flight_events!, 'flight_events'));
  const found: Record<string, string[]> = {};
  for (const { text, partitionKey } of await stored(endpoint.store, 'flight_events')) {
    expect(contract.read(Buffer.from(text))).toMatchObject({ kind: 'ok' });
    (found[partitionKey] ??= []).push((JSON.parse(text) as { event: string }).event);
  }
  return found;
}

describe('the examples for producers', () => {
  test('TypeScript', async () => {
    const folder = join(ROOT, '.cache', `producer-example-${process.pid}`);
    await mkdir(folder, { recursive: true });
    try {
      const outfile = join(folder, 'put.mjs');
      await build({
        entryPoints: [join(EXAMPLES, 'put.ts')],
        outfile,
        bundle: true,
        platform: 'node',
        format: 'esm',
        target: 'node20',
        external: ['@aws-sdk/*', '@smithy/*', 'protobufjs', 'lossless-json'],
        alias: {
          tidemark: join(ROOT, 'src/index.ts'),
          'tidemark/producer': join(ROOT, 'src/producer/index.ts'),
        },
        logLevel: 'silent',
      });
      const { code, stdout, stderr } = await follow(process.execPath, outfile);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toMatch(/^shardId-\d+ \d+ 0\nshardId-\d+ \d+ 1\n.*breaks the stream's contract: event/);
      expect(await flights()).toEqual({ '2013-02-01/TS/3/LGA': ['scheduled', 'departed'] });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test(AWS ? 'the AWS CLI' : 'the AWS CLI: only its syntax, there is no aws on this machine', async () => {
    const script = join(EXAMPLES, 'put.sh');
    expect(succeeds('bash', '-n', script)).toBe(true);
    if (!AWS) return;
    const { code, stdout, stderr } = await follow('bash', script);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(await flights()).toEqual({ '2013-02-01/CLI/1/EWR': ['scheduled', 'departed'] });
  });

  test(PYTHON ? 'boto3' : 'boto3: not run, there is no boto3 on this machine', async () => {
    if (!PYTHON) return;
    const { code, stdout, stderr } = await follow('python3', join(EXAMPLES, 'put.py'));
    expect({ code, stderr, stdout }).toEqual({
      code: 0,
      stderr: '',
      stdout: '3 records put into flight_events\n',
    });
    expect(await flights()).toEqual({
      '2013-02-01/PY/2/JFK': ['scheduled', 'departed'],
      '2013-02-01/PY/3/JFK': ['scheduled'],
    });
  });
});
