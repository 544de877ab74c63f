import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Construct, type IConstruct } from 'constructs';
import { handlerCode, type DefinitionFiles, type HandlerName } from '../../../lib/assets.ts';

const HANDLERS: readonly HandlerName[] = ['ingest', 'commit', 'integrate', 'maintain', 'tables'];

/** The handlers as they are packed for Lambda, each with the plan beside it. */
export class Bundles {
  readonly #folder: string;
  readonly #paths: ReadonlyMap<HandlerName, string>;

  private constructor(folder: string, files: DefinitionFiles) {
    this.#folder = folder;
    const stack = new Stack(new App({ outdir: folder }), 'Bundles');
    this.#paths = new Map(HANDLERS.map((name) => [name, this.#bundle(stack, name, files)]));
  }

  static async open(files: DefinitionFiles): Promise<Bundles> {
    return new Bundles(await mkdtemp(join(tmpdir(), 'tidemark-bundles-')), files);
  }

  /** Path of a handler's code. */
  of(name: HandlerName): string {
    return this.#paths.get(name)!;
  }

  #bundle(stack: Stack, name: HandlerName, files: DefinitionFiles): string {
    const scope = new Construct(stack, name);
    handlerCode(name, files, name === 'ingest').bind(scope);
    const asset = scope.node.findChild('Code') as IConstruct & { assetPath: string };
    return join(this.#folder, asset.assetPath, 'index.js');
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
