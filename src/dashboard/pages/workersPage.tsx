import type { JSX } from "preact";

import { type WorkersPageQuery, WorkersPageDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { CopyBlock } from "../parts/copyBlock.tsx";
import { Ago } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Progress } from "../parts/status.tsx";
import { hasDiedLately, isSilent } from "../view/attention.ts";
import { useNow } from "../view/clock.ts";
import { nowMs } from "../view/serverClock.ts";
import { Link } from "../view/link.tsx";

const EVERY_MS = 2000;
/** As many jobs as the API gives at once. */
const MOST_JOBS = 100;

type RunningJob = NonNullable<WorkersPageQuery["running"]>["nodes"][number];
type Alive = NonNullable<WorkersPageQuery["alive"]>["nodes"][number];
type Gone = NonNullable<WorkersPageQuery["gone"]>["nodes"][number];

/** The workers, and what each runs. */
export function WorkersPage(): JSX.Element {
  const { data, error } = usePolled(WorkersPageDocument, {}, EVERY_MS);
  const alive = data?.alive?.nodes ?? [];
  const gone = data?.gone?.nodes ?? [];
  const running = data?.running?.nodes ?? [];
  return (
    <>
      <h1>Workers</h1>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && alive.length === 0 && (
        <Empty title="No worker to be seen.">
          <p>Jobs that are due wait until one starts. With a token, only an admin sees workers. To start one:</p>
          <CopyBlock title="In your project's folder" text="npx ratchet worker" />
        </Empty>
      )}
      {running.length === MOST_JOBS && (
        <p class="muted">
          More than {MOST_JOBS} jobs run: the <Link to="/jobs?state=running">list of jobs</Link> has all of them.
        </p>
      )}
      {alive.map((worker) => (
        <WorkerCard key={worker.id} worker={worker} jobs={running.filter(({ workerId }) => workerId === worker.id)} />
      ))}
      {gone.length > 0 && <GoneWorkers workers={gone} isAlone={alive.length === 0} />}
    </>
  );
}

function WorkerCard({ worker, jobs }: { readonly worker: Alive; readonly jobs: readonly RunningJob[] }): JSX.Element {
  const silent = isSilent(worker, useNow());
  return (
    <section class={silent ? "card worker silent" : "card worker"} aria-label={`Worker ${worker.id}`}>
      <h2>
        Worker {worker.id} <span class="muted">on {worker.host}</span>
        {silent && <span class="status status-failed">no sign of life</span>}
      </h2>
      <dl class="worker-facts">
        <div>
          <dt>Runs now</dt>
          <dd>
            <Progress
              finished={jobs.length}
              all={worker.concurrency}
              share={Math.min(1, jobs.length / worker.concurrency)}
              label={`Jobs that worker ${worker.id} runs, of as many as it may`}
            />
          </dd>
        </div>
        <div>
          <dt>Last sign of life</dt>
          <dd class={silent ? "error-text" : ""}>
            <Ago at={worker.beatAt} />
          </dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>
            <Ago at={worker.startedAt} />
          </dd>
        </div>
        <div>
          <dt>Process</dt>
          <dd>{worker.pid}</dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>{worker.version}</dd>
        </div>
      </dl>
      {silent && (
        <p class="muted">
          It has crashed, or has lost Postgres. Another worker that is alive takes its jobs over within seconds; if
          there is none, start one: <code>npx ratchet worker</code>
        </p>
      )}
      {jobs.length === 0 ? <p class="muted">Nothing at this moment.</p> : <JobsOfWorker jobs={jobs} />}
    </section>
  );
}

function JobsOfWorker({ jobs }: { readonly jobs: readonly RunningJob[] }): JSX.Element {
  return (
    <ul class="worker-jobs">
      {jobs.map(({ id, identifier, startedAt, currentTask }) => {
        const since = currentTask?.startedAt ?? startedAt;
        return (
          <li key={id}>
            <Link to={`/jobs/${id}`}>{id}</Link> {identifier}: {currentTask?.name ?? "between two tasks"}
            {since !== null && (
              <span class="muted">
                {", started "}
                <Ago at={since} />
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** Those that have gone are folded away, unless one has died lately: that may be what one came for. */
function GoneWorkers({
  workers,
  isAlone,
}: {
  readonly workers: readonly Gone[];
  readonly isAlone: boolean;
}): JSX.Element {
  const dead = workers.filter(({ rescuedBy }) => rescuedBy !== null);
  const diedLately = dead.some((worker) => hasDiedLately(worker, nowMs()));
  return (
    <details class="card" open={isAlone || diedLately}>
      <summary>
        {workers.length} stopped lately
        {dead.length > 0 && <span class="error-text">{`, ${dead.length} of them died`}</span>}
      </summary>
      <GoneTable workers={workers} />
    </details>
  );
}

function GoneTable({ workers }: { readonly workers: readonly Gone[] }): JSX.Element {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">Stopped</th>
            <th scope="col">Why</th>
            <th scope="col" class="optional">
              Version
            </th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.id}>
              <th scope="row">
                {worker.id} <span class="muted">{`${worker.host}, ${worker.pid}`}</span>
              </th>
              <td>{worker.stoppedAt !== null && <Ago at={worker.stoppedAt} />}</td>
              <td>{worker.rescuedBy === null ? "by itself" : `died; worker ${worker.rescuedBy} let its jobs go on`}</td>
              <td class="optional">{worker.version}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
