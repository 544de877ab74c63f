/** Edits that turn one text into the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

const SHOWN = 8;

/** The names to choose from, the one most like `name` first: `one of "flight_events", "weather_observations"`. */
export function nearest(name: string, names: readonly string[], shown = SHOWN): string {
  if (names.length === 0) return 'a name that is defined; there is none yet';
  const far = new Map(names.map((n) => [n, distance(name.toLowerCase(), n.toLowerCase())]));
  // Equal distances keep the order of the definition, so that messages do not depend on anything else.
  const sorted = [...names].sort((a, b) => far.get(a)! - far.get(b)!);
  const more = sorted.length > shown ? ` and ${sorted.length - shown} more` : '';
  const list = sorted
    .slice(0, shown)
    .map((n) => `"${n}"`)
    .join(', ');
  return names.length === 1 ? list : `one of ${list}${more}`;
}
