import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { OlderFailuresDocument } from "../api/generated.ts";
import type { JobDetail } from "../pages/jobPage.tsx";
import { Failures } from "./failures.tsx";
import { ErrorNotice } from "./notices.tsx";

type FailureRows = JobDetail["failures"]["nodes"];

/** Tries that failed before those that are shown, as many as one wants to see. */
export function OlderFailures({
  job,
  beforeId,
}: {
  readonly job: JobDetail;
  /** The oldest that is shown. */
  readonly beforeId: string;
}): JSX.Element {
  const [older, setOlder] = useState<FailureRows>([]);
  const [hasMore, setHasMore] = useState(true);
  const [error, setError] = useState<ApiError | null>(null);

  async function load(): Promise<void> {
    try {
      const { job: found } = await ask(OlderFailuresDocument, { id: job.id, before: older.at(-1)?.id ?? beforeId });
      setOlder([...older, ...(found?.failures.nodes ?? [])]);
      setHasMore(found?.failures.pageInfo.hasNextPage ?? false);
      setError(null);
    } catch (cause) {
      setError(asApiError(cause));
    }
  }

  return (
    <>
      <Failures failures={older.filter(({ id }) => BigInt(id) < BigInt(beforeId))} tasks={job.tasks.nodes} />
      {error !== null && <ErrorNotice error={error} />}
      {hasMore && (
        <button
          type="button"
          onClick={() => {
            void load();
          }}
        >
          Older tries
        </button>
      )}
    </>
  );
}
