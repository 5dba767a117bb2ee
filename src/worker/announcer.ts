/** Longest time a change waits to be announced together with others: at most 20 announcements a second. */
const INTERVAL_MS = 50;

/** Tells listeners which jobs this worker has changed. */
export interface Announcer {
  /** Notes changed jobs; they are announced together, soon. */
  note(jobIds: readonly string[]): void;
  /** Announces what is noted, and then nothing more. */
  close(): Promise<void>;
}

/**
 * Creates an announcer. NOTIFY inside the engine's own transactions would make all commits queue up, so it goes over a
 * connection of its own, after the commit.
 * @param announce sends one announcement; a failure loses it, and listeners read again by themselves after a while.
 */
export function createAnnouncer(announce: (jobIds: readonly string[]) => Promise<void>): Announcer {
  let noted = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let isClosed = false;

  async function send(): Promise<void> {
    timer = undefined;
    const jobIds = [...noted];
    noted = new Set();
    if (jobIds.length > 0) {
      await announce(jobIds).catch(() => {});
    }
    schedule();
  }

  function schedule(): void {
    if (timer === undefined && noted.size > 0 && !isClosed) {
      timer = setTimeout(() => {
        sending = send();
      }, INTERVAL_MS);
    }
  }

  return {
    note(jobIds) {
      for (const jobId of jobIds) {
        noted.add(jobId);
      }
      schedule();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await sending;
      await send();
    },
  };
}
