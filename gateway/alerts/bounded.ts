import type { Clock, Micros } from "../../model/time.ts";

/** Waits for a promise, but no longer than `bound`. Whether it was fulfilled by then; never rejects. */
export async function within(clock: Clock, bound: Micros, promise: Promise<unknown>): Promise<boolean> {
  let late: { cancel(): void } | undefined;
  const deadline = new Promise<boolean>((resolve) => {
    late = clock.after(bound, () => resolve(false));
  });
  const settled = promise.then(
    () => true,
    () => false,
  );
  const fulfilled = await Promise.race([settled, deadline]);
  late?.cancel();
  return fulfilled;
}
