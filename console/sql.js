/** Words that cannot stand bare as a column or table name in Athena or DuckDB. */
const RESERVED = new Set(
  `all alter and any array as asc between by case cast check column constraint create cross cube current_date
   current_time current_timestamp default deferrable delete desc describe distinct drop else end escape except execute
   exists extract false fetch for foreign from full group grouping having in initially inner insert intersect interval
   into is join lateral left like limit localtime localtimestamp natural normalize not null offset on only or order
   outer placing prepare primary qualify recursive references returning right rollup select some summarize symmetric
   table then to trailing true union unique unnest user using values variadic when where window with`.split(
    /\s+/,
  ),
);

/** A name as SQL, quoted always. */
export function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as SQL that people read: quoted only where it must be. */
export function plain(name) {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : quoted(name);
}

/** A text as a literal. */
export function literal(text) {
  return `'${text.replaceAll("'", "''")}'`;
}
