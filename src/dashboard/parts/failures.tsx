import type { JSX } from "preact";

import type { JobDetail } from "../pages/jobPage.tsx";
import { durationText } from "../view/durations.ts";
import { Ago, Moment } from "./moment.tsx";

/** Tries that failed, newest first. */
export function Failures({
  failures,
  tasks,
  isNewestOpen = false,
}: {
  readonly failures: JobDetail["failures"]["nodes"];
  /** Where names of tasks are looked up. */
  readonly tasks: readonly Pick<JobDetail["tasks"]["nodes"][number], "position" | "name">[];
  readonly isNewestOpen?: boolean;
}): JSX.Element {
  const names = new Map(tasks.map(({ position, name }) => [position, name]));
  return (
    <>
      {failures.map((failure, index) => (
        <details key={failure.id} class="failure" open={isNewestOpen && index === 0}>
          <summary>
            <strong>{failure.errorMessage}</strong>{" "}
            <span class="muted">
              {names.get(failure.position) ?? `task ${failure.position}`}, try {failure.attempt}
              {failure.counted ? "" : " (not counted)"}, <Ago at={failure.failedAt} />
            </span>
          </summary>
          <p>
            Failed <Moment at={failure.failedAt} /> after{" "}
            {durationText(Date.parse(failure.failedAt) - Date.parse(failure.startedAt))}
            {failure.workerId !== null && ` on worker ${failure.workerId}`}
            {failure.errorCode !== null && ` with code ${failure.errorCode}`}.
          </p>
          {failure.errorStack !== null && (
            <pre tabIndex={0} aria-label="Stack">
              {failure.errorStack}
            </pre>
          )}
        </details>
      ))}
    </>
  );
}
