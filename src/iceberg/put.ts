import { TidemarkError, isKind } from '../errors.ts';
import type { ObjectStore } from '../ports/object-store.ts';

/**
 * Writes a file whose name is unique to this attempt. A write whose answer was lost, or that a client repeated
 * unseen, is recognised by its size: nobody else knows the name, and objects are seen whole or not at all.
 *
 * Throws `unavailable` when the file is not there afterwards. Nothing points to it then, so this is a definite
 * failure of the commit that needed it, also where the store's own answer was `unknown`.
 */
export async function putNew(store: ObjectStore, uri: string, bytes: Uint8Array): Promise<void> {
  try {
    await store.put(uri, bytes);
  } catch (error) {
    if (!isKind(error, 'unknown', 'conflict')) throw error;
    if ((await sizeOf(store, uri)) === bytes.length) return;
    throw new TidemarkError('unavailable', 'A metadata file could not be written', {
      context: { uri },
      cause: error,
    });
  }
}

async function sizeOf(store: ObjectStore, uri: string): Promise<number | undefined> {
  try {
    return (await store.head(uri))?.size;
  } catch (cause) {
    throw new TidemarkError('unavailable', 'Whether a metadata file was written is not known', {
      context: { uri },
      cause,
    });
  }
}
