/**
 * Immutable objects by URI (`file:///…`, `s3://…`).
 *
 * Laws, checked by `test/contract/object-store.ts`:
 * 1. A `put` that returned is durable and visible to every later `get`, `head` and `list`.
 * 2. `put` never replaces: when the object exists it throws kind `conflict` and the old bytes stay.
 * 3. An object is seen whole or not at all, also after the process is killed.
 * 4. An error of kind `unknown` means that the write may have happened.
 */
export interface ObjectStore {
  put(uri: string, bytes: Uint8Array): Promise<void>;
  /** Moves or uploads a local file; afterwards the local file may be gone. */
  putFile(uri: string, localPath: string): Promise<void>;
  /** Throws kind `notFound`. */
  get(uri: string): Promise<Uint8Array>;
  /** Size in bytes, or undefined when absent. */
  head(uri: string): Promise<{ size: number } | undefined>;
  list(prefix: string): AsyncIterable<{ uri: string; size: number; modifiedAt: number }>;
  /** Absent objects are no error. Only maintenance may call this. */
  delete(uri: string): Promise<void>;
  /** A path or URL that the SQL engine can read; downloads where it must. Throws kind `notFound`. */
  readable(uri: string): Promise<string>;
}
