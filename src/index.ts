/** What a definition imports. Light on purpose: it is bundled with the definition wherever that is compiled. */
export * from './definition/index.ts';
export type { ReplaySource } from './local/replay-source.ts';
