/**
 * Work that a sandbox does once, begun while it starts, when Lambda gives it a whole processor. What failed is begun
 * anew by the next invocation.
 */
export function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  const begin = (): Promise<T> => {
    running ??= work().catch((error: unknown) => {
      running = undefined;
      throw error;
    });
    return running;
  };
  begin().catch(() => undefined); // whoever asks first is told
  return begin;
}
