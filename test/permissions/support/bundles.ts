import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import type { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { handlerCode, type DefinitionFiles, type HandlerName } from '../../../lib/assets.ts';

/** The handlers as they are packed for Lambda, each with the plan beside it. */
export class Bundles {
  readonly #folder: string;
  readonly #stack: Stack;
  readonly #paths = new Map<HandlerName, string>();

  private constructor(folder: string) {
    this.#folder = folder;
    this.#stack = new Stack(new App({ outdir: folder }), 'Bundles');
  }

  static async open(): Promise<Bundles> {
    return new Bundles(await mkdtemp(join(tmpdir(), 'tidemark-bundles-')));
  }

  /** Path of a handler's code. */
  of(name: HandlerName, files: DefinitionFiles): string {
    const known = this.#paths.get(name);
    if (known !== undefined) return known;
    const scope = new Construct(this.#stack, name);
    handlerCode(name, files, name === 'ingest').bind(scope);
    const path = join(this.#folder, (scope.node.findChild('Code') as Asset).assetPath, 'index.js');
    this.#paths.set(name, path);
    return path;
  }

  async close(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
