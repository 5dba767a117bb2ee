import type { JSX } from "preact";

import { type WorkersPageQuery, WorkersPageDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { Ago } from "../parts/moment.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { Link } from "../view/link.tsx";

const EVERY_MS = 2000;

type RunningJob = NonNullable<WorkersPageQuery["running"]>["nodes"][number];
type Alive = NonNullable<WorkersPageQuery["alive"]>["nodes"][number];
type Gone = NonNullable<WorkersPageQuery["gone"]>["nodes"][number];

/** The workers, and what each runs. */
export function WorkersPage(): JSX.Element {
  const { data, error } = usePolled(WorkersPageDocument, {}, EVERY_MS);
  const alive = data?.alive?.nodes ?? [];
  const gone = data?.gone?.nodes ?? [];
  return (
    <>
      <h1>Workers</h1>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && alive.length === 0 && (
        <Empty title="No worker to be seen.">
          <p>Jobs wait until one starts. With a token, only an admin sees workers.</p>
          <pre tabIndex={0}>npx ratchet worker</pre>
        </Empty>
      )}
      {alive.length > 0 && <AliveTable workers={alive} running={data?.running?.nodes ?? []} />}
      {gone.length > 0 && (
        <section aria-label="Stopped">
          <h2>Stopped lately</h2>
          <GoneTable workers={gone} />
        </section>
      )}
    </>
  );
}

function AliveTable({
  workers,
  running,
}: {
  readonly workers: readonly Alive[];
  readonly running: readonly RunningJob[];
}): JSX.Element {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">Host, process</th>
            <th scope="col">Version</th>
            <th scope="col">Since</th>
            <th scope="col">Last sign of life</th>
            <th scope="col">Runs now</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => {
            const jobs = running.filter(({ workerId }) => workerId === worker.id);
            return (
              <tr key={worker.id}>
                <th scope="row">{worker.id}</th>
                <td>
                  {worker.host}, {worker.pid}
                </td>
                <td>{worker.version}</td>
                <td>
                  <Ago at={worker.startedAt} />
                </td>
                <td>
                  <Ago at={worker.beatAt} />
                </td>
                <td>
                  {jobs.length} of {worker.concurrency}
                  {jobs.map((job) => (
                    <div key={job.id}>
                      <Link to={`/jobs/${job.id}`}>{job.id}</Link> {job.identifier}: {job.currentTask?.name ?? ""}
                    </div>
                  ))}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function GoneTable({ workers }: { readonly workers: readonly Gone[] }): JSX.Element {
  return (
    <div class="table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Worker</th>
            <th scope="col">Host, process</th>
            <th scope="col">Version</th>
            <th scope="col">Stopped</th>
            <th scope="col">How</th>
          </tr>
        </thead>
        <tbody>
          {workers.map((worker) => (
            <tr key={worker.id}>
              <th scope="row">{worker.id}</th>
              <td>
                {worker.host}, {worker.pid}
              </td>
              <td>{worker.version}</td>
              <td>{worker.stoppedAt !== null && <Ago at={worker.stoppedAt} />}</td>
              <td>{worker.rescuedBy === null ? "by itself" : `died; worker ${worker.rescuedBy} let its jobs go on`}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
