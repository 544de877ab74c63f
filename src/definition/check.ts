import type { Lakehouse } from './definition.ts';
export function checkLakehouse(_lakehouse: Lakehouse): void {}
