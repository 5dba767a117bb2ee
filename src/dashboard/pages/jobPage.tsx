import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";

import { type LiveJobSubscription, LiveJobDocument } from "../api/generated.ts";
import { useLive } from "../api/hooks.ts";
import { type Told, useExplanation } from "../api/useExplanation.ts";
import { mayOrder } from "../api/token.ts";
import { Audit } from "../parts/audit.tsx";
import { CopyBlock } from "../parts/copyBlock.tsx";
import { Explanation } from "../parts/explanation.tsx";
import { Failures } from "../parts/failures.tsx";
import { JobOrders, OneOrder, type WantedOrder } from "../parts/jobOrders.tsx";
import { Ago, Moment } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { OlderFailures } from "../parts/olderFailures.tsx";
import { Plan } from "../parts/plan.tsx";
import { Progress, Status } from "../parts/status.tsx";
import { Payload } from "../parts/values.tsx";
import { useNow } from "../view/clock.ts";
import { durationText } from "../view/durations.ts";
import { Link } from "../view/link.tsx";

/** A job as its page shows it. */
export type JobDetail = NonNullable<LiveJobSubscription["jobChanged"]>;

const TASKS_OF_PAGE = 100;
/** As many as are asked for. */
const MOST_FAILURES = 100;

/** Where the page of tasks begins that holds a task. */
function offsetOf(position: number): number {
  return Math.floor((position - 1) / TASKS_OF_PAGE) * TASKS_OF_PAGE;
}

/** One job, live: where it is, why, what comes next, and what can be ordered. */
export function JobPage({ id }: { readonly id: string }): JSX.Element {
  const [chosenOffset, setChosenOffset] = useState<number | null>(null);
  const [taskOffset, setTaskOffset] = useState(0);
  const { data, error } = useLive(LiveJobDocument, { id, taskOffset });
  const job = data?.jobChanged;
  const currentPosition = job?.currentTask?.position ?? 1;
  // A long plan is shown where it matters, and goes along with the job until somebody turns a page.
  useEffect(() => {
    setTaskOffset(chosenOffset ?? offsetOf(currentPosition));
  }, [chosenOffset, currentPosition]);
  return (
    <>
      <p class="crumbs">
        <Link to="/jobs">Jobs</Link> / {id}
      </p>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && (job === null || job === undefined) && (
        <Empty title={`There is no job ${id}.`} isWholePage>
          <p>It was never added, was pruned after its time, or belongs to a tenant that is not yours.</p>
        </Empty>
      )}
      {job !== null && job !== undefined && <Detail job={job} taskOffset={taskOffset} onTaskOffset={setChosenOffset} />}
    </>
  );
}

function Detail({
  job,
  taskOffset,
  onTaskOffset,
}: {
  readonly job: JobDetail;
  readonly taskOffset: number;
  readonly onTaskOffset: (offset: number | null) => void;
}): JSX.Element {
  const [wanted, setWanted] = useState<WantedOrder | null>(null);
  const told = useExplanation(job);
  const failures = job.failures.nodes;
  const { currentTask } = job;
  const stoppedBy =
    currentTask?.status === "FAILED" ? failures.find(({ position }) => position === currentTask.position) : undefined;
  // What stands at the head is not said twice.
  const earlier = failures.filter((failure) => failure !== stoppedBy);
  // A tab in the background tells how it stands.
  useLayoutEffect(() => {
    document.title = `${job.status} · Job ${job.id} · Ratchet`;
  }, [job.status, job.id]);
  return (
    <>
      <h1>
        Job {job.id} <span class="muted">{job.identifier}</span>{" "}
        <Status status={job.status} willRetry={job.willRetry} />
      </h1>
      <p class="explanation">
        <Explanation text={told.explanation} ofJob={job.id} />
      </p>
      {/* The explanation counts seconds; to be told each of them would be too much. */}
      <p class="unseen" role="status">
        {job.status}, {job.finishedTaskCount} of {job.taskCount} tasks finished
      </p>
      <div class="row">
        <Progress
          finished={job.finishedTaskCount}
          all={job.taskCount}
          share={job.progress}
          label="Progress of the job"
        />
        <Next job={job} told={told} />
      </div>
      {mayOrder() && <JobOrders job={job} onWanted={setWanted} />}
      {wanted !== null && (
        <OneOrder
          wanted={wanted}
          job={job}
          onClose={() => {
            setWanted(null);
          }}
        />
      )}
      {stoppedBy !== undefined && (
        <section aria-label="Why it stopped" class="stopped">
          <Failures failures={[stoppedBy]} tasks={currentTask === null ? [] : [currentTask]} isNewestOpen />
        </section>
      )}
      <section aria-label="Plan">
        <h2>Plan</h2>
        <Plan job={job} onWanted={mayOrder() ? setWanted : null} />
        {job.taskCount > TASKS_OF_PAGE && <TaskPages job={job} taskOffset={taskOffset} onTaskOffset={onTaskOffset} />}
      </section>
      {earlier.length > 0 && (
        <section aria-label="Failures">
          <h2>{stoppedBy === undefined ? "Tries that failed" : "Earlier tries that failed"}</h2>
          <Failures failures={earlier} tasks={job.tasks.nodes} isNewestOpen={stoppedBy === undefined} />
          {failures.length === MOST_FAILURES && <OlderFailures job={job} beforeId={failures.at(-1)?.id ?? "0"} />}
        </section>
      )}
      <div class="columns">
        <section aria-label="Payload">
          <h2>Payload</h2>
          <Payload job={job} />
        </section>
        <section aria-label="Facts">
          <h2>Facts</h2>
          <Facts job={job} />
        </section>
      </div>
      {job.auditEntries.nodes.length > 0 && (
        <section aria-label="Audit log">
          <h2>Audit log</h2>
          <Audit entries={job.auditEntries.nodes} />
        </section>
      )}
      <section aria-label="The same elsewhere">
        <h2>The same elsewhere</h2>
        <div class="columns">
          <CopyBlock title="psql" text={sqlOf(job.id)} />
          <CopyBlock title="GraphQL" text={graphqlOf(job.id)} />
          <CopyBlock title="Terminal" text={`npx ratchet show ${job.id}`} />
        </div>
      </section>
    </>
  );
}

/** Leads through the pages of a long plan. */
function TaskPages({
  job: { taskCount, currentTask },
  taskOffset,
  onTaskOffset,
}: {
  readonly job: JobDetail;
  readonly taskOffset: number;
  readonly onTaskOffset: (offset: number | null) => void;
}): JSX.Element {
  const last = offsetOf(taskCount);
  const targets = [
    ["First", 0],
    ["Previous", Math.max(0, taskOffset - TASKS_OF_PAGE)],
    ["Next", Math.min(last, taskOffset + TASKS_OF_PAGE)],
    ["Last", last],
  ] as const;
  return (
    <nav class="pages" aria-label="Tasks">
      Tasks {(taskOffset + 1).toLocaleString()} to {Math.min(taskOffset + TASKS_OF_PAGE, taskCount).toLocaleString()} of{" "}
      {taskCount.toLocaleString()}
      {targets.map(([name, offset]) => (
        <button
          key={name}
          type="button"
          disabled={offset === taskOffset}
          onClick={() => {
            onTaskOffset(offset);
          }}
        >
          {name}
        </button>
      ))}
      {currentTask !== null && offsetOf(currentTask.position) !== taskOffset && (
        <button
          type="button"
          onClick={() => {
            onTaskOffset(null);
          }}
        >
          To task {currentTask.position}, where it is
        </button>
      )}
    </nav>
  );
}

/** What happens next and when; counts down by itself. */
function Next({ job, told }: { readonly job: JobDetail; readonly told: Told }): JSX.Element | null {
  const now = useNow();
  if (job.isFinal) {
    return job.finishedAt === null ? null : (
      <span>
        ended <Ago at={job.finishedAt} />
        {job.startedAt !== null && `, after ${durationText(Date.parse(job.finishedAt) - Date.parse(job.startedAt))}`}
      </span>
    );
  }
  const dueAt = job.nextAttemptAt ?? (job.startedAt === null ? job.runAt : null);
  return (
    <span>
      {dueAt !== null && Date.parse(dueAt) > now && (
        <>
          {job.nextAttemptAt === null ? "starts " : "next try "}
          <Ago at={dueAt} />
        </>
      )}
      {told.etaSeconds !== null &&
        told.etaSeconds >= 1 &&
        ` · done in about ${durationText(Math.round(told.etaSeconds) * 1000)}`}
    </span>
  );
}

function Facts({ job }: { readonly job: JobDetail }): JSX.Element {
  const moments = [
    ["Added", job.createdAt],
    ["Due", job.runAt],
    ["Started", job.startedAt],
    ["Ended", job.finishedAt],
    ["Must end by", job.timeoutAt],
    ["Scrubbed", job.scrubbedAt],
  ] as const;
  const texts = [
    ["Tenant", job.tenant],
    ["Key", job.jobKey],
    ["Queue", job.queueName],
    ["Priority", String(job.priority)],
    ["Version", job.version],
    ["Worker", job.workerId === null ? null : String(job.workerId)],
    ["Cancelled because", job.cancelReason],
  ] as const;
  return (
    <dl class="facts">
      {moments.map(
        ([name, at]) =>
          at !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Moment at={at} />
              </dd>
            </div>
          ),
      )}
      {texts.map(
        ([name, text]) =>
          text !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{text}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function sqlOf(id: string): string {
  return `select * from ratchet.job_overview where id = ${id};\nselect * from ratchet.task_overview where job_id = ${id} order by position;\nselect ratchet.explain_job(${id});`;
}

function graphqlOf(id: string): string {
  return `{\n  job(id: "${id}") {\n    status\n    explanation\n    tasks {\n      nodes { position key name status attempts errorMessage }\n    }\n  }\n}`;
}
