import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { JobDetail } from "../pages/jobPage.tsx";
import { useNow } from "../view/clock.ts";
import { durationText } from "../view/durations.ts";
import { type Span, placeOf, spansOf } from "../view/timeline.ts";
import { Json } from "./json.tsx";
import { Moment } from "./moment.tsx";
import { Status } from "./status.tsx";

type Task = JobDetail["tasks"]["nodes"][number];

/** The tasks of a job with a bar for each try, on one axis of time. */
export function Plan({ job }: { readonly job: JobDetail }): JSX.Element {
  const now = useNow();
  const axis = {
    fromMs: Date.parse(job.createdAt),
    toMs: job.finishedAt === null ? Math.max(now, Date.parse(job.createdAt) + 1000) : Date.parse(job.finishedAt),
  };
  const startedMs = job.startedAt === null ? axis.toMs : Date.parse(job.startedAt);
  const queued: Span = {
    kind: "waiting",
    fromMs: axis.fromMs,
    toMs: startedMs,
    label: job.startedAt === null ? "Has not started" : "Waited for its time and a worker",
  };
  const hasWaited = startedMs - axis.fromMs > (axis.toMs - axis.fromMs) / 100;
  return (
    <div class="table-box">
      <table class="plan">
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Task</th>
            <th scope="col">Status</th>
            <th scope="col">Tries</th>
            <th scope="col" class="lane">
              <span class="axis">
                <span>0</span>
                <span>{durationText(axis.toMs - axis.fromMs)}</span>
              </span>
            </th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {hasWaited && (
            <tr class="queued">
              <td />
              <td colSpan={3}>{queued.label}</td>
              <td class="lane">
                <Lane spans={[queued]} axis={axis} />
              </td>
              <td>{durationText(startedMs - axis.fromMs)}</td>
            </tr>
          )}
          {job.tasks.nodes.map((task) => (
            <TaskRows key={task.key} task={task} spans={spansOf(task, job.failures.nodes, now)} axis={axis} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  readonly task: Task;
  readonly spans: readonly Span[];
  readonly axis: { readonly fromMs: number; readonly toMs: number };
}

function TaskRows({ task, spans, axis }: RowProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const tries = spans.filter(({ kind }) => kind !== "waiting");
  const last = tries.at(-1);
  return (
    <>
      <tr>
        <td>{task.position}</td>
        <td>
          <button
            type="button"
            class="link"
            aria-expanded={isOpen}
            onClick={() => {
              setOpen(!isOpen);
            }}
          >
            {task.name}
          </button>
          {task.errorMessage !== null && <div class="error-text">{task.errorMessage}</div>}
        </td>
        <td>
          <Status status={task.status} />
          {task.status === "RUNNING" && task.progress !== null && (
            <progress max={1} value={task.progress} aria-label={`Progress of ${task.name}`} />
          )}
        </td>
        <td>
          {task.attempts}
          {task.deaths > 0 && <span title="Tries that ended because a worker died"> + {task.deaths}†</span>}
        </td>
        <td class="lane">
          <Lane spans={spans} axis={axis} />
        </td>
        <td>{last === undefined ? "" : durationText(last.toMs - last.fromMs)}</td>
      </tr>
      {isOpen && (
        <tr class="detail">
          <td />
          <td colSpan={5}>
            <TaskDetail task={task} />
          </td>
        </tr>
      )}
    </>
  );
}

/** Bars on a row's axis; the words are in a list that only readers of the screen meet. */
function Lane({ spans, axis }: Pick<RowProps, "spans" | "axis">): JSX.Element {
  return (
    <>
      <svg class="bars" aria-hidden="true">
        {spans.map((span) => {
          const { left, width } = placeOf(span, axis);
          return (
            <rect
              key={span.fromMs}
              class={`bar-${span.kind}`}
              x={`${left}%`}
              width={`${width}%`}
              y="3"
              height="10"
              rx="2"
            >
              <title>{`${span.label}, ${durationText(span.toMs - span.fromMs)}`}</title>
            </rect>
          );
        })}
      </svg>
      <span class="unseen">
        {spans.map(({ label, fromMs, toMs }) => `${label}, ${durationText(toMs - fromMs)}`).join("; ")}
      </span>
    </>
  );
}

function TaskDetail({ task }: { readonly task: Task }): JSX.Element {
  return (
    <div class="columns">
      <div>
        <dl class="facts">
          <div>
            <dt>Key</dt>
            <dd>
              <code>{task.key}</code>
            </dd>
          </div>
          {task.startedAt !== null && (
            <div>
              <dt>Started</dt>
              <dd>
                <Moment at={task.startedAt} />
              </dd>
            </div>
          )}
          {task.completedAt !== null && (
            <div>
              <dt>Completed</dt>
              <dd>
                <Moment at={task.completedAt} />
              </dd>
            </div>
          )}
        </dl>
      </div>
      <div>
        <h3>Input</h3>
        {task.input === null ? (
          <p class="muted">None of its own: it reads the payload.</p>
        ) : (
          <Json value={task.input} />
        )}
      </div>
      <div>
        <h3>Result</h3>
        {task.result === null ? <p class="muted">None yet.</p> : <Json value={task.result} />}
      </div>
    </div>
  );
}
