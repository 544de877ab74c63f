import { basename } from 'node:path';

/** Where a reference's file stands in the definition's folder. */
export const referenceFile = (name: string, source: string): string =>
  `references/${name}-${basename(source)}`;
