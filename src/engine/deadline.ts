/**
 * Waits for `work`, but no longer than `limitMs`, which may have passed (0 and less); what it rejects with is ignored.
 * @returns whether it ended in time.
 */
export async function endsWithin(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, Math.max(limitMs, 0), false);
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([ended, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
