/**
 * The place in which this worker runs one suspect at a time: a job whose task has seen several workers die. When this one
 * dies as well, it is known which job to blame.
 */
export interface SuspectPlace {
  isFree(): boolean;
  /** Notes that a suspect runs. */
  take(jobId: string): void;
  /** Notes that the suspect's task has ended, if this job is the one that runs; whoever waits longest is woken. */
  release(jobId: string): void;
  /** Notes a suspect that was refused because another one runs. */
  refuse(jobId: string): void;
}

/** Creates the place. `wake` gives a job that was refused a new wake-up at once. */
export function createSuspectPlace(wake: (jobId: string) => void): SuspectPlace {
  const refused = new Set<string>();
  let running: string | undefined;
  return {
    isFree: () => running === undefined,
    take(jobId) {
      refused.delete(jobId);
      running = jobId;
    },
    release(jobId) {
      if (running !== jobId) {
        return;
      }
      running = undefined;
      const [next] = refused;
      if (next !== undefined) {
        refused.delete(next);
        wake(next);
      }
    },
    refuse(jobId) {
      refused.add(jobId);
    },
  };
}
