import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type LiveJobSubscription, LiveJobDocument } from "../api/generated.ts";
import { useLive } from "../api/hooks.ts";
import { mayOrder } from "../api/token.ts";
import { Audit } from "../parts/audit.tsx";
import { CopyBlock } from "../parts/copyBlock.tsx";
import { Failures } from "../parts/failures.tsx";
import { JobOrders } from "../parts/jobOrders.tsx";
import { Json } from "../parts/json.tsx";
import { Ago, Moment } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Plan } from "../parts/plan.tsx";
import { Progress, Status } from "../parts/status.tsx";
import { useNow } from "../view/clock.ts";
import { durationText } from "../view/durations.ts";
import { Link } from "../view/link.tsx";

/** A job as its page shows it. */
export type JobDetail = NonNullable<LiveJobSubscription["jobChanged"]>;

const TASKS_OF_PAGE = 100;

/** One job, live: where it is, why, what comes next, and what can be ordered. */
export function JobPage({ id }: { readonly id: string }): JSX.Element {
  const [taskOffset, setTaskOffset] = useState(0);
  const { data, error } = useLive(LiveJobDocument, { id, taskOffset });
  const job = data?.jobChanged;
  return (
    <>
      <p class="crumbs">
        <Link to="/jobs">Jobs</Link> / {id}
      </p>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && (job === null || job === undefined) && (
        <Empty title={`There is no job ${id}.`}>
          <p>It was never added, was pruned after its time, or belongs to a tenant that is not yours.</p>
        </Empty>
      )}
      {job !== null && job !== undefined && <Detail job={job} taskOffset={taskOffset} onTaskOffset={setTaskOffset} />}
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
  readonly onTaskOffset: (offset: number) => void;
}): JSX.Element {
  return (
    <>
      <h1>
        Job {job.id} <span class="muted">{job.identifier}</span>{" "}
        <Status status={job.status} willRetry={job.willRetry} />
      </h1>
      <p class="explanation" role="status">
        {job.explanation}
      </p>
      <div class="row">
        <Progress
          finished={job.finishedTaskCount}
          all={job.taskCount}
          share={job.progress}
          label="Progress of the job"
        />
        <Next job={job} />
      </div>
      {mayOrder() && <JobOrders job={job} />}
      <section aria-label="Plan">
        <h2>Plan</h2>
        <Plan job={job} />
        {job.taskCount > TASKS_OF_PAGE && (
          <p class="pages">
            Tasks {taskOffset + 1} to {Math.min(taskOffset + TASKS_OF_PAGE, job.taskCount)} of {job.taskCount}
            <button
              type="button"
              disabled={taskOffset === 0}
              onClick={() => {
                onTaskOffset(taskOffset - TASKS_OF_PAGE);
              }}
            >
              Before
            </button>
            <button
              type="button"
              disabled={taskOffset + TASKS_OF_PAGE >= job.taskCount}
              onClick={() => {
                onTaskOffset(taskOffset + TASKS_OF_PAGE);
              }}
            >
              After
            </button>
          </p>
        )}
      </section>
      {job.failures.nodes.length > 0 && (
        <section aria-label="Failures">
          <h2>Tries that failed</h2>
          <Failures failures={job.failures.nodes} tasks={job.tasks.nodes} />
        </section>
      )}
      <div class="columns">
        <section aria-label="Payload">
          <h2>Payload</h2>
          {job.payload === null ? <p class="muted">Kept from viewers, or scrubbed.</p> : <Json value={job.payload} />}
        </section>
        <section aria-label="Facts">
          <h2>Facts</h2>
          <Facts job={job} />
        </section>
      </div>
      {job.auditEntries.nodes.length > 0 && (
        <section aria-label="Orders">
          <h2>Orders</h2>
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

/** What happens next and when; counts down by itself. */
function Next({ job }: { readonly job: JobDetail }): JSX.Element | null {
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
    <span class="next">
      {dueAt !== null && Date.parse(dueAt) > now && (
        <>
          {job.nextAttemptAt === null ? "starts " : "next try "}
          <Ago at={dueAt} />
        </>
      )}
      {job.etaSeconds !== null && ` · done in about ${durationText(Math.round(job.etaSeconds) * 1000)}`}
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
  return `select * from ratchet.jobs where id = ${id};\nselect * from ratchet.tasks where job_id = ${id} order by position;\nselect ratchet.explain_job(${id});`;
}

function graphqlOf(id: string): string {
  return `{\n  job(id: "${id}") {\n    status\n    explanation\n    tasks {\n      nodes { position key name status attempts errorMessage }\n    }\n  }\n}`;
}
