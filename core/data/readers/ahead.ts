/** Waits for several files at a time. */

/**
 * The results of `task` for each item, in order. Up to `most` are under way or wait to be taken. After a failure, those under
 * way are waited for.
 */
export async function* ahead<T, R>(
  items: Iterable<T>,
  most: number,
  task: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  const left = items[Symbol.iterator]();
  const start = () => {
    const next = left.next();
    if (next.done) return;
    const result = task(next.value);
    result.catch(() => {}); // it is told when its turn comes
    running.push(result);
  };
  try {
    for (let i = 0; i < most; i++) start();
    while (running.length > 0) {
      const result = await running.shift()!;
      start();
      yield result;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
