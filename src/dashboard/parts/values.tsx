import type { JSX } from "preact";

import { JobPayloadDocument, TaskValuesDocument } from "../api/generated.ts";
import { useAsked } from "../api/useAsked.ts";
import type { JobDetail } from "../pages/jobPage.tsx";
import { Json } from "./json.tsx";
import { ErrorNotice, Waiting } from "./notices.tsx";

/** What the job works on. Loaded by itself: it may be large, and does not change. */
export function Payload({ job }: { readonly job: JobDetail }): JSX.Element {
  const { data, error } = useAsked(JobPayloadDocument, { id: job.id }, job.scrubbedAt ?? "");
  if (data === null) {
    return error === null ? <Waiting /> : <ErrorNotice error={error} />;
  }
  return <Value value={data.job?.payload} none={goneBy(job) ?? "Kept from those who may only look."} />;
}

/** What a task was given and what it returned, loaded when it is looked at. */
export function TaskValues({
  job,
  task,
}: {
  readonly job: JobDetail;
  readonly task: JobDetail["tasks"]["nodes"][number];
}): JSX.Element {
  const variables = { id: job.id, position: task.position };
  const { data, error } = useAsked(
    TaskValuesDocument,
    variables,
    `${task.status} ${task.completedAt ?? ""} ${job.scrubbedAt ?? ""}`,
  );
  if (data === null) {
    return error === null ? <Waiting /> : <ErrorNotice error={error} />;
  }
  const values = data.job?.tasks.nodes[0];
  return (
    <>
      <div>
        <h3>Input</h3>
        <Value value={values?.input} none={goneBy(job) ?? "None of its own: it reads the payload."} />
      </div>
      <div>
        <h3>Result</h3>
        <Value
          value={values?.result}
          none={
            goneBy(job) ??
            (task.status === "COMPLETED" ? "null: it returned nothing, or it is kept from viewers." : "None yet.")
          }
        />
      </div>
    </>
  );
}

function goneBy({ scrubbedAt }: JobDetail): string | null {
  return scrubbedAt === null ? null : "Scrubbed.";
}

function Value({ value, none }: { readonly value: unknown; readonly none: string }): JSX.Element {
  return value === null || value === undefined ? <p class="muted">{none}</p> : <Json value={value} />;
}
