/**
 * Does `work` for each item, `parallel` at a time. Waits for all that began before it throws the first error, so that
 * nothing is under way when the caller goes on; after an error nothing new begins.
 */
export async function eachOf<T>(
  items: readonly T[],
  parallel: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (next < items.length && !failed) {
      try {
        await work(items[next++]!);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.min(parallel, items.length) }, worker);
  const first = (await Promise.allSettled(workers)).find((w) => w.status === 'rejected');
  if (first) throw first.reason;
}
