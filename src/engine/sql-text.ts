/** A name as SQL identifier. */
export const ident = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A text as SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Names as a list of SQL identifiers, each behind `prefix`. */
export const idents = (names: string[], prefix = ''): string =>
  names.map((n) => prefix + ident(n)).join(', ');
