import { useEffect, useState } from "react";

import type { JobsClient } from "./client.ts";
import { JobChangedDocument, type JobProgressFragment } from "./generated.ts";

/** What is known of a job. */
export interface LiveJob {
  /** Null if there is no such job, or none that one may see; undefined before the first answer. */
  readonly job: JobProgressFragment | null | undefined;
  /** What is wrong at the moment; `job` is then what was known before. */
  readonly error: Error | undefined;
}

/** The job as it is, at each moment: give the client from outside the component, so that all hooks share one connection. */
export function useJob(client: JobsClient, id: string): LiveJob {
  const [live, setLive] = useState<LiveJob>({ job: undefined, error: undefined });
  useEffect(() => {
    setLive({ job: undefined, error: undefined });
    return client.subscribe(
      JobChangedDocument,
      { id },
      {
        onData: ({ jobChanged }) => {
          setLive({ job: jobChanged, error: undefined });
        },
        onTrouble: (error) => {
          setLive(({ job }) => ({ job, error }));
        },
      },
    );
  }, [client, id]);
  return live;
}
