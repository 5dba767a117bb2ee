import { createElement } from "react";
import { createRoot } from "react-dom/client";

import { createJobsClient } from "../../examples/graphql/client.ts";
import { useJob } from "../../examples/graphql/useJob.ts";

interface Page {
  readonly document: { readonly body: unknown };
  readonly location: { readonly hash: string };
}

const { document, location } = globalThis as unknown as Page;
const { url, id } = JSON.parse(decodeURIComponent(location.hash.slice(1))) as { url: string; id: string };
const client = createJobsClient({ url });

/** What the test reads: status and progress, as they are at each moment. */
function Progress(): ReturnType<typeof createElement> {
  const { job, error } = useJob(client, id);
  return createElement(
    "output",
    {},
    `${job?.status ?? "no job"} ${job?.progress ?? ""} ${error?.message ?? ""}`.trim(),
  );
}

createRoot(document.body).render(createElement(Progress));
