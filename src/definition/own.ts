/** What an object itself holds under a name; undefined also for `constructor` and its like, which every object inherits. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
