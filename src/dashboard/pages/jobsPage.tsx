import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import { type LiveJobsSubscription, LiveJobsDocument } from "../api/generated.ts";
import { useLive } from "../api/hooks.ts";
import { mayOrder } from "../api/token.ts";
import { BulkOrders } from "../parts/bulkOrders.tsx";
import { JobFilters } from "../parts/jobFilters.tsx";
import { Ago } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Progress, Status } from "../parts/status.tsx";
import { type Selection, useSelection } from "../parts/useSelection.ts";
import { filterOf, viewOf } from "../view/jobFilter.ts";
import { Link } from "../view/link.tsx";
import { useAddress, withParameters } from "../view/location.ts";

const ROWS = 50;

type JobRow = NonNullable<LiveJobsSubscription["jobsChanged"]>["nodes"][number];

/** The jobs that match the address, live. */
export function JobsPage(): JSX.Element {
  const address = useAddress();
  const view = useMemo(() => viewOf(address), [address.search]);
  // As of when the view was opened: a condition that moved with the clock would end the subscription each minute.
  const filter = useMemo(() => filterOf(view, Date.now()), [view]);
  const { data, error, isStale } = useLive(LiveJobsDocument, {
    filter,
    first: ROWS,
    after: view.after,
    orderBy: [view.isOldestFirst ? "ID_ASC" : "ID_DESC"],
  });
  const selection = useSelection();
  const jobs = data?.jobsChanged?.nodes ?? [];
  const pageInfo = data?.jobsChanged?.pageInfo;
  return (
    <>
      <h1>Jobs</h1>
      <JobFilters address={address} view={view} />
      {mayOrder() && <BulkOrders view={view} selection={selection} />}
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && jobs.length === 0 && <NoJobs isNarrowed={address.search !== ""} />}
      {jobs.length > 0 && <JobsTable jobs={jobs} isStale={isStale} selection={selection} />}
      <div class="pages">
        {view.after !== null && <Link to={withParameters(address, { after: null })}>First page</Link>}
        {pageInfo?.hasNextPage === true && (
          <Link to={withParameters(address, { after: pageInfo.endCursor ?? null })}>Next {ROWS}</Link>
        )}
      </div>
    </>
  );
}

function NoJobs({ isNarrowed }: { readonly isNarrowed: boolean }): JSX.Element {
  return isNarrowed ? (
    <Empty title="No job matches.">
      <Link to="/jobs">Show all jobs</Link>
    </Empty>
  ) : (
    <Empty title="There are no jobs yet.">
      <p>
        <Link to="/add">Add one here</Link>, or from SQL:
      </p>
      <pre tabIndex={0}>select * from ratchet.add_job('identifier', '{"{}"}');</pre>
    </Empty>
  );
}

function JobsTable({
  jobs,
  isStale,
  selection,
}: {
  readonly jobs: readonly JobRow[];
  readonly isStale: boolean;
  readonly selection: Selection;
}): JSX.Element {
  const isAllMarked = jobs.every(({ id }) => selection.ids.has(id));
  return (
    <div class="table-box" aria-busy={isStale}>
      <table class={isStale ? "jobs stale" : "jobs"}>
        <thead>
          <tr>
            {mayOrder() && (
              <th class="mark">
                <input
                  type="checkbox"
                  aria-label="Mark all jobs of this page"
                  checked={isAllMarked}
                  onChange={() => {
                    selection.replace(isAllMarked ? [] : jobs.map(({ id }) => id));
                  }}
                />
              </th>
            )}
            <th scope="col">Job</th>
            <th scope="col">Definition</th>
            <th scope="col">Status</th>
            <th scope="col">Progress</th>
            <th scope="col">Where it is</th>
            <th scope="col" class="optional">
              Tenant
            </th>
            <th scope="col">Added</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} selection={selection} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job, selection }: { readonly job: JobRow; readonly selection: Selection }): JSX.Element {
  return (
    <tr>
      {mayOrder() && (
        <td class="mark">
          <input
            type="checkbox"
            aria-label={`Mark job ${job.id}`}
            checked={selection.ids.has(job.id)}
            onChange={() => {
              selection.toggle(job.id);
            }}
          />
        </td>
      )}
      <td>
        <Link to={`/jobs/${job.id}`}>{job.id}</Link>
      </td>
      <td>
        {job.identifier}
        {job.jobKey !== null && <div class="muted">{job.jobKey}</div>}
      </td>
      <td>
        <Status status={job.status} willRetry={job.willRetry} />
      </td>
      <td>
        <Progress
          finished={job.finishedTaskCount}
          all={job.taskCount}
          share={job.progress}
          label={`Progress of job ${job.id}`}
        />
      </td>
      <td class="where">
        <Where job={job} />
      </td>
      <td class="optional">{job.tenant}</td>
      <td>
        <Ago at={job.createdAt} />
      </td>
    </tr>
  );
}

function Where({ job }: { readonly job: JobRow }): JSX.Element | null {
  const { currentTask } = job;
  if (job.status === "COMPLETED" || job.status === "CANCELLED" || currentTask === null) {
    return job.finishedAt === null ? null : (
      <span class="muted">
        ended <Ago at={job.finishedAt} />
      </span>
    );
  }
  const startsLater = job.startedAt === null && Date.parse(job.runAt) > Date.now();
  return (
    <>
      {currentTask.name}
      {startsLater && (
        <div class="muted">
          starts <Ago at={job.runAt} />
        </div>
      )}
      {currentTask.errorMessage !== null && <div class="error-text">{currentTask.errorMessage}</div>}
      {job.nextAttemptAt !== null && (
        <div class="muted">
          next try <Ago at={job.nextAttemptAt} />
        </div>
      )}
    </>
  );
}
