import { Engine } from '../src/engine/session.ts';
import type { HandlerSettings } from './settings.ts';

/** What Node itself, buffers and the SDK take of a function's memory. */
const NODE_MB = 400;
const SMALLEST_ENGINE_MB = 128;
/** Lambda gives one vCPU for each 1769 MB. */
const MB_A_CPU = 1769;

/** DuckDB within the function's memory. */
export function openEngine(settings: HandlerSettings, scratch: string): Promise<Engine> {
  const memory = Math.max(SMALLEST_ENGINE_MB, settings.memoryMb - NODE_MB);
  return Engine.open({
    threads: Math.max(1, Math.floor(settings.memoryMb / MB_A_CPU)),
    memoryLimit: `${memory}MB`,
    joinsAsWritten: true,
    tempDirectory: scratch,
  });
}
