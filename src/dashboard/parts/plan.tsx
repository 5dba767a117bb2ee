import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { JobDetail } from "../pages/jobPage.tsx";
import { useNow } from "../view/clock.ts";
import { durationText } from "../view/durations.ts";
import { type TaskOrder, taskOrdersOf } from "../view/orders.ts";
import { type Axis, type Span, axisOf, spansOf } from "../view/timeline.ts";
import { Failures } from "./failures.tsx";
import type { WantedOrder } from "./jobOrders.tsx";
import { Lane, LaneAxis, LaneLegend, LanePatterns } from "./lane.tsx";
import { Moment } from "./moment.tsx";
import { Status } from "./status.tsx";
import { TaskValues } from "./values.tsx";

type Task = JobDetail["tasks"]["nodes"][number];

const ORDERS: Readonly<Record<TaskOrder, string>> = {
  retryFrom: "Retry from here",
  skip: "Skip",
  complete: "Mark done",
};

/** The tasks of a job with a bar for each try, on one axis of time. */
export function Plan({
  job,
  onWanted,
}: {
  readonly job: JobDetail;
  /** Called with an order about a task; null: none can be given. */
  readonly onWanted: ((wanted: WantedOrder) => void) | null;
}): JSX.Element {
  const now = useNow();
  const axis = axisOf(job, now);
  const startedMs = job.startedAt === null ? axis.toMs : Date.parse(job.startedAt);
  const queued: Span = {
    kind: "waiting",
    fromMs: Date.parse(job.createdAt),
    toMs: startedMs,
    label: job.startedAt === null ? "Has not started" : "Waited for its time and a worker",
  };
  const hasWaited = queued.fromMs >= axis.fromMs && startedMs - axis.fromMs > (axis.toMs - axis.fromMs) / 100;
  return (
    <>
      <div class="table-box">
        <LanePatterns />
        <table class="plan cards">
          <thead>
            <tr>
              <th scope="col">#</th>
              <th scope="col">Task</th>
              <th scope="col">Status</th>
              <th scope="col">Tries</th>
              <th scope="col" class="lane">
                <LaneAxis axis={axis} />
              </th>
              <th scope="col">Took</th>
              {onWanted !== null && <th scope="col">Actions</th>}
            </tr>
          </thead>
          <tbody>
            {hasWaited && (
              <tr>
                <td />
                <td class="task" colSpan={3}>
                  {queued.label}
                </td>
                <td class="lane">
                  <Lane spans={[queued]} axis={axis} />
                </td>
                <td class="took">{durationText(startedMs - queued.fromMs)}</td>
                {onWanted !== null && <td />}
              </tr>
            )}
            {job.tasks.nodes.map((task) => (
              <TaskRows
                key={task.key}
                job={job}
                task={task}
                spans={spansOf(task, job.failures.nodes, now)}
                axis={axis}
                onWanted={onWanted}
              />
            ))}
          </tbody>
        </table>
      </div>
      <LaneLegend />
    </>
  );
}

interface RowProps {
  readonly job: JobDetail;
  readonly task: Task;
  readonly spans: readonly Span[];
  readonly axis: Axis;
  readonly onWanted: ((wanted: WantedOrder) => void) | null;
}

function TaskRows({ job, task, spans, axis, onWanted }: RowProps): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const tries = spans.filter(({ kind }) => kind !== "waiting");
  const last = tries.at(-1);
  return (
    <>
      <tr class={task.key === job.currentTask?.key ? "current" : ""}>
        <td>{task.position}</td>
        <td class="task">
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
        <td class="took">{last === undefined ? "" : durationText(last.toMs - last.fromMs)}</td>
        {onWanted !== null && (
          <td class="orders">
            {taskOrdersOf(job, task).map((order) => (
              <button
                key={order}
                type="button"
                class="small"
                aria-label={`${ORDERS[order]}: ${task.name}`}
                onClick={() => {
                  onWanted({ order, task });
                }}
              >
                {ORDERS[order]}
              </button>
            ))}
          </td>
        )}
      </tr>
      {isOpen && (
        <tr class="detail">
          <td />
          <td colSpan={onWanted === null ? 5 : 6}>
            <TaskDetail job={job} task={task} />
            <Failures
              failures={job.failures.nodes.filter(({ position }) => position === task.position)}
              tasks={[task]}
            />
          </td>
        </tr>
      )}
    </>
  );
}

function TaskDetail({ job, task }: { readonly job: JobDetail; readonly task: Task }): JSX.Element {
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
      <TaskValues job={job} task={task} />
    </div>
  );
}
