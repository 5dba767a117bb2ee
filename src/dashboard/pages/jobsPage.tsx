import type { JSX } from "preact";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import { type LiveJobsSubscription, LiveJobsDocument } from "../api/generated.ts";
import { useLive } from "../api/hooks.ts";
import { mayOrder } from "../api/token.ts";
import { BulkOrders } from "../parts/bulkOrders.tsx";
import { JobFilters } from "../parts/jobFilters.tsx";
import { Ago, NextTry } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Progress, Status } from "../parts/status.tsx";
import { useHeldRows } from "../parts/useHeldRows.ts";
import { type Selection, useSelection } from "../parts/useSelection.ts";
import { nowMs } from "../view/serverClock.ts";
import { useClockJumps } from "../view/clock.ts";
import { type JobView, ORDER_NAMES, filterOf, viewOf, whatWasSearched, whereItLooks } from "../view/jobFilter.ts";
import { Link } from "../view/link.tsx";
import { useAddress, withParameters } from "../view/location.ts";

type JobRow = NonNullable<LiveJobsSubscription["jobsChanged"]>["nodes"][number];

/** The jobs that match the address, live. */
export function JobsPage(): JSX.Element {
  const address = useAddress();
  const view = useMemo(() => viewOf(address), [address.search]);
  // As of when the view was opened: a condition that moved with the clock would end the subscription each minute.
  const jumps = useClockJumps();
  const filter = useMemo(() => filterOf(view, nowMs()), [view, jumps]);
  const { data, error, isStale } = useLive(LiveJobsDocument, {
    filter,
    first: view.rows,
    after: view.after,
    orderBy: [ORDER_NAMES[view.order]],
  });
  const selection = useSelection();
  const live = data?.jobsChanged?.nodes ?? [];
  // Marks belong to what was shown as they were made.
  useLayoutEffect(() => {
    selection.replace([]);
  }, [address.search]);
  const { rows, newCount, release } = useHeldRows(live, selection.ids.size > 0, address.search);
  const pageInfo = data?.jobsChanged?.pageInfo;
  return (
    <>
      <h1>Jobs</h1>
      <JobFilters address={address} view={view} />
      {mayOrder() && <BulkOrders view={view} selection={selection} />}
      {error !== null && <ErrorNotice error={error} />}
      {error === null && rows.length === 0 && (
        <NoRows view={view} isNarrowed={address.search !== ""} isLooking={isStale} />
      )}
      {selection.ids.size > 0 && <Held count={newCount} onShow={release} />}
      {rows.length > 0 && <JobsTable jobs={rows} isStale={isStale} selection={selection} />}
      <div class="pages">
        {view.after !== null && <Link to={withParameters(address, { after: null })}>First page</Link>}
        {pageInfo?.hasNextPage === true && (
          <Link to={withParameters(address, { after: pageInfo.endCursor ?? null })}>Next {view.rows}</Link>
        )}
      </div>
    </>
  );
}

function Held({ count, onShow }: { readonly count: number; readonly onShow: () => void }): JSX.Element {
  return (
    <p role="status" class="held">
      {count > 0 && (
        <>
          {count} other {count === 1 ? "job is" : "jobs are"} held back while you mark.{" "}
          <button type="button" class="link" onClick={onShow}>
            Show
          </button>
        </>
      )}
    </p>
  );
}

/** An empty list that belongs to the filter of before says nothing about this one. */
function NoRows({
  isLooking,
  ...narrowed
}: {
  readonly view: JobView;
  readonly isNarrowed: boolean;
  readonly isLooking: boolean;
}): JSX.Element {
  return isLooking ? <Waiting>{whereItLooks(narrowed.view, narrowed.isNarrowed)}</Waiting> : <NoJobs {...narrowed} />;
}

function NoJobs({ view, isNarrowed }: { readonly view: JobView; readonly isNarrowed: boolean }): JSX.Element {
  return isNarrowed ? (
    <Empty title="No job matches.">
      {view.text !== "" && <p>{whatWasSearched(view.text)}</p>}
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
  const shown = jobs.map(({ id }) => id);
  const isAllMarked = shown.every((id) => selection.ids.has(id));
  return (
    <div class="table-box" aria-busy={isStale}>
      <table class={isStale ? "jobs cards stale" : "jobs cards"}>
        <thead>
          <tr>
            {mayOrder() && (
              <th class="mark">
                <input
                  type="checkbox"
                  aria-label="Mark all jobs of this page"
                  checked={isAllMarked}
                  onChange={() => {
                    selection.replace(isAllMarked ? [] : shown);
                  }}
                />
              </th>
            )}
            <th scope="col">Job</th>
            <th scope="col">Definition</th>
            <th scope="col">Status</th>
            <th scope="col">Progress</th>
            <th scope="col">Where it is</th>
            <th scope="col">Tenant</th>
            <th scope="col">Added</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} shown={shown} selection={selection} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({
  job,
  shown,
  selection,
}: {
  readonly job: JobRow;
  readonly shown: readonly string[];
  readonly selection: Selection;
}): JSX.Element {
  const changes = useChanges(JSON.stringify(job));
  return (
    <tr class={changes === 0 ? undefined : `changed-${changes % 2}`}>
      {mayOrder() && (
        <td class="mark">
          <input
            type="checkbox"
            aria-label={`Mark job ${job.id}`}
            checked={selection.ids.has(job.id)}
            onClick={(event) => {
              if (event.shiftKey) {
                selection.extend(job.id, shown);
              } else {
                selection.toggle(job.id);
              }
            }}
          />
        </td>
      )}
      <td class="id">
        <Link to={`/jobs/${job.id}`}>{job.id}</Link>
      </td>
      <td class="definition">
        {job.identifier}
        {job.jobKey !== null && <div class="muted">{job.jobKey}</div>}
      </td>
      <td>
        <Status status={job.status} willRetry={job.willRetry} />
      </td>
      <td class="done">
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
      <td class="muted tenant">{job.tenant}</td>
      <td class="muted">
        <Ago at={job.createdAt} />
      </td>
    </tr>
  );
}

/** How often a text has changed; each change restarts a short mark on the row. */
function useChanges(text: string): number {
  const seen = useRef({ text, count: 0 });
  if (seen.current.text !== text) {
    seen.current = { text, count: seen.current.count + 1 };
  }
  return seen.current.count;
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
  const startsLater = job.startedAt === null && Date.parse(job.runAt) > nowMs();
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
          <NextTry at={job.nextAttemptAt} />
        </div>
      )}
    </>
  );
}
