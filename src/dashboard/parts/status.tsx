import type { JSX } from "preact";

/** A status of a job or a task, in words; its colour says nothing that they do not. */
export function Status({
  status,
  willRetry = false,
}: {
  readonly status: string;
  readonly willRetry?: boolean;
}): JSX.Element {
  return (
    <span class={`status status-${willRetry ? "retry" : status.toLowerCase()}`}>
      {willRetry ? "FAILED, will retry" : status}
    </span>
  );
}

/** How much of a job is done. */
export function Progress({
  finished,
  all,
  share,
  label,
}: {
  readonly finished: number;
  readonly all: number;
  readonly share: number;
  readonly label: string;
}): JSX.Element {
  return (
    <span class="progress">
      <progress max={1} value={share} aria-label={label} />
      <span class="count">
        {finished}/{all}
      </span>
    </span>
  );
}
