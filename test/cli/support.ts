import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FREE_PORTS, run, start, type Finished, type Running } from '../local/support/process.ts';

export const RECORDS = 40;

/** A definition small enough that a run of it takes a second. */
export const DEFINITION = `
import { column, defineLakehouse, sql } from 'tidemark';

export const replays = [{ stream: 'visits', file: 'visits.ndjson', partitionKey: 'visitor', eventTime: 'seen' }];

export default defineLakehouse('park', {
  streams: {
    visits: {
      columns: { visitor: column.string(), seen: column.timestamp(), gate: column.int(), note: column.string({ optional: true }) },
      eventTime: 'seen',
    },
  },
  realtime: { entries: { from: 'visits' } },
  silver: { visitors: { mode: 'upsert', from: 'entries', key: ['visitor'] } },
  gold: { by_gate: { from: 'visitors', groupBy: { gate: 'gate' }, measures: { visitors: sql\`count(*)\` } } },
  alerts: { crowded: { from: 'entries', when: sql\`gate = 9\`, notify: 'ops' } },
});
`;

export const visit = (i: number, more: object = {}): string =>
  JSON.stringify({
    visitor: `v${i}`,
    seen: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
    gate: i % 3,
    ...more,
  });

/** A temporary folder with a definition, its data, and a place for the lakehouse. */
export class Workplace {
  readonly folder: string;
  readonly definition: string;
  readonly data: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.definition = join(folder, 'lakehouse.ts');
    this.data = join(folder, 'data');
  }

  static async make(): Promise<Workplace> {
    const place = new Workplace(await mkdtemp(join(tmpdir(), 'tidemark-cli-')));
    await place.file('lakehouse.ts', DEFINITION);
    await place.file('visits.ndjson', Array.from({ length: RECORDS }, (_, i) => visit(i)).join('\n'));
    return place;
  }

  async file(name: string, text: string | Uint8Array): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text);
    return path;
  }

  /** Runs a command that works on this folder's lakehouse. */
  run(command: string, ...args: string[]): Promise<Finished> {
    return run([command, ...args, '--data', this.data]);
  }

  /** Replays everything and ends. */
  fill(): Promise<Finished> {
    return run(['dev', this.definition, '--data', this.data, '--exit-when-idle', ...FREE_PORTS]);
  }

  /** Starts the lakehouse and waits until it says where it can be reached. */
  async dev(...args: string[]): Promise<Running & { console: string; kinesis: string }> {
    const running = start([
      'dev',
      this.definition,
      '--data',
      this.data,
      '--speed',
      'max',
      ...FREE_PORTS,
      ...args,
    ]);
    let said = '';
    running.child.stdout!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const began = performance.now();
    for (;;) {
      const [, console] = /console\s+(http\S+)/.exec(said) ?? [];
      const [, kinesis] = /Kinesis\s+(http\S+)/.exec(said) ?? [];
      if (console !== undefined && kinesis !== undefined) return { ...running, console, kinesis };
      if (running.child.exitCode !== null || performance.now() - began > 20_000) {
        running.child.kill('SIGKILL');
        throw new Error(`the lakehouse did not start: ${JSON.stringify(await running.finished)}`);
      }
      await wait(20);
    }
  }

  /** Asks until the answer is the expected one. */
  async until(sql: string, expected: string): Promise<void> {
    let last: Finished | undefined;
    for (let i = 0; i < 50; i++) {
      last = await this.run('query', sql, '--format', 'csv');
      if (last.stdout.trim().split('\r\n').slice(1).join(';') === expected) return;
      await wait(100);
    }
    throw new Error(`${sql} never gave ${expected}: ${JSON.stringify(last)}`);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

export { FREE_PORTS, run, start };
