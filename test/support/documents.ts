import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';

export const ROOT = resolve(import.meta.dirname, '../..');

/** A fenced block of a document. */
export interface Block {
  /** `README.md:42`, for messages. */
  at: string;
  language: string;
  text: string;
}

export function readDocument(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The fenced blocks of a document, in order. */
export function blocksOf(path: string): Block[] {
  const blocks: Block[] = [];
  let open: { at: string; language: string; lines: string[] } | undefined;
  for (const [index, line] of readDocument(path).split('\n').entries()) {
    const fence = /^```(\S*)/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (open) {
      blocks.push({ at: open.at, language: open.language, text: open.lines.join('\n') });
      open = undefined;
    } else open = { at: `${path}:${index + 1}`, language: fence[1]!, lines: [] };
  }
  if (open) throw new Error(`the block at ${open.at} is not closed`);
  return blocks;
}

/** The commands of a block of shell: continued lines are joined, `a && b` are two, comments are left out. */
export function commandsOf({ text }: Block): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .flatMap((line) => line.split(' && '))
    .map((command) => command.trim())
    .filter((command) => command !== '' && !command.startsWith('#'));
}

/** Targets of links and images that are files, and are not there. */
export function brokenLinks(path: string): string[] {
  const text = readDocument(path).replaceAll(/```[\s\S]*?```/g, '');
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets
    .filter((target) => !/^(https?:|mailto:|#)/.test(target))
    .filter((target) => !existsSync(join(ROOT, dirname(path), target.replace(/#.*$/, ''))));
}

/** What TypeScript says about blocks, each as a module that stands in this package. */
export function typeErrors(blocks: readonly Block[]): string[] {
  const read = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const config = read.config as { compilerOptions: object };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const files = new Map(blocks.map((b) => [join(ROOT, 'docs', `${b.at.replaceAll(/\W/g, '-')}.ts`), b]));
  const host = ts.createCompilerHost(options);
  const onDisk = { fileExists: host.fileExists.bind(host), readFile: host.readFile.bind(host) };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.readFile = (path) => files.get(path)?.text ?? onDisk.readFile(path);
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map((d) => {
    const at = d.file ? (files.get(d.file.fileName)?.at ?? relative(ROOT, d.file.fileName)) : 'options';
    return `${at}: ${ts.flattenDiagnosticMessageText(d.messageText, '\n')}`;
  });
}

/** Bundles a definition with this package's source into one file. */
export async function bundleDefinition({ text }: Block, outfile: string): Promise<void> {
  await build({
    stdin: { contents: text, resolveDir: ROOT, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { tidemark: join(ROOT, 'src/index.ts') },
    logLevel: 'silent',
  });
}
