import type { JSX } from "preact";

import { LatestFailureDocument, OldestWaitingDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import type { Concern } from "../view/attention.ts";
import { countOf } from "../view/counts.ts";
import { Link } from "../view/link.tsx";
import { nowMs } from "../view/serverClock.ts";
import { Explanation } from "./explanation.tsx";
import { Ago, NextTry } from "./moment.tsx";

const MOST = 8;
const EVERY_MS = 10_000;
const MINUTE_MS = 60_000;

/** What a person should look at, the worst first; one calm line if there is nothing. */
export function Attention({
  concerns,
  workersAlive,
}: {
  readonly concerns: readonly Concern[];
  /** Null if the viewer may not know. */
  readonly workersAlive: number | null;
}): JSX.Element {
  if (concerns.length === 0) {
    return (
      <p class="all-well">
        All is well: nothing failed in the last hour, and nothing that is due waits for long.
        {workersAlive !== null && ` ${countOf(workersAlive, "worker")} ${workersAlive === 1 ? "is" : "are"} alive.`}
      </p>
    );
  }
  return (
    <section aria-label="Needs attention" class="attention">
      <h2>Needs attention</h2>
      <ul>
        {concerns.slice(0, MOST).map((concern) => (
          <li key={concern.key} class={concern.isBad ? "bad" : ""}>
            <Link to={concern.to}>{concern.title}</Link>
            {concern.advice !== "" && <span class="muted"> {concern.advice}</span>}
            {concern.failure !== undefined && <LatestFailure {...concern.failure} />}
            {concern.waiting !== undefined && <OldestWaiting {...concern.waiting} />}
          </li>
        ))}
      </ul>
      {concerns.length > MOST && <p class="muted">And {concerns.length - MOST} more: see the definitions below.</p>}
    </section>
  );
}

function LatestFailure({
  identifier,
  isFinal,
}: {
  readonly identifier: string;
  readonly isFinal: boolean;
}): JSX.Element | null {
  const filter = {
    identifier: { equalTo: identifier },
    status: { equalTo: "FAILED" as const },
    isFinal,
  };
  const { data } = usePolled(
    LatestFailureDocument,
    { filter, orderBy: [isFinal ? ("FINISHED_AT_DESC" as const) : ("ID_DESC" as const)] },
    EVERY_MS,
  );
  const job = data?.jobs?.nodes[0];
  if (job?.currentTask === undefined || job.currentTask === null) {
    return null;
  }
  return (
    <div class="latest">
      <Link to={`/jobs/${job.id}`}>Job {job.id}</Link>
      {`, ${job.currentTask.name}: `}
      <span class="error-text">{job.currentTask.errorMessage}</span>
      {job.finishedAt !== null && (
        <span class="muted">
          {" "}
          <Ago at={job.finishedAt} />
        </span>
      )}
      {job.nextAttemptAt !== null && (
        <span class="muted">
          {" "}
          <NextTry at={job.nextAttemptAt} />
        </span>
      )}
    </div>
  );
}

/** Why the job waits that was added first. */
function OldestWaiting({ identifier }: { readonly identifier: string }): JSX.Element | null {
  // By the minute, so that the question stays the same for a while.
  const dueBefore = new Date(Math.floor(nowMs() / MINUTE_MS) * MINUTE_MS).toISOString();
  const { data } = usePolled(OldestWaitingDocument, { identifier, dueBefore }, EVERY_MS);
  const job = data?.jobs?.nodes[0];
  return job === undefined ? null : (
    <div class="latest">
      <Explanation text={job.explanation} />
    </div>
  );
}
