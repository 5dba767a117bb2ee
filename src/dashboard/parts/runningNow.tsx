import type { JSX } from "preact";

import { LiveJobsDocument } from "../api/generated.ts";
import { useLive } from "../api/hooks.ts";
import { Link } from "../view/link.tsx";
import { Ago } from "./moment.tsx";
import { ErrorNotice } from "./notices.tsx";
import { Progress } from "./status.tsx";

const ROWS = 10;
const VARIABLES = {
  filter: { status: { equalTo: "RUNNING" as const }, finishedAt: { isNull: true } },
  first: ROWS,
  after: null,
  orderBy: ["ID_ASC" as const],
};

/** The jobs that have been running the longest, live. */
export function RunningNow(): JSX.Element | null {
  const { data, error } = useLive(LiveJobsDocument, VARIABLES);
  const jobs = data?.jobsChanged?.nodes ?? [];
  if (error !== null) {
    return <ErrorNotice error={error} />;
  }
  if (jobs.length === 0) {
    return data === null ? null : <p class="muted">Nothing runs at this moment.</p>;
  }
  return (
    <div class="table-box">
      <table class="jobs cards">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Definition</th>
            <th scope="col">Progress</th>
            <th scope="col">Task</th>
            <th scope="col">Started</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td class="id">
                <Link to={`/jobs/${job.id}`}>{job.id}</Link>
              </td>
              <td class="definition">{job.identifier}</td>
              <td class="done">
                <Progress
                  finished={job.finishedTaskCount}
                  all={job.taskCount}
                  share={job.progress}
                  label={`Progress of job ${job.id}`}
                />
              </td>
              <td class="where">{job.currentTask?.name ?? ""}</td>
              <td class="muted">{job.startedAt !== null && <Ago at={job.startedAt} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
