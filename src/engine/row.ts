import type { Json, Row } from '../ports/effects.ts';

/** A scalar as text; '' for null. Numbers that JSON cannot hold exactly are text already. */
export function asText(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A scalar column of a row as text; '' for null. */
export const textOf = (row: Row | undefined, column: string): string => asText(row?.[column]);
