import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import {
  type CancelJobsInput,
  type OutcomeFragment,
  type RetryJobsInput,
  CancelManyDocument,
  RetryManyDocument,
} from "../api/generated.ts";
import { type JobView, createdAfterOf } from "../view/jobFilter.ts";
import { ErrorNotice } from "./notices.tsx";
import { OrderDialog } from "./orderDialog.tsx";
import type { Selection } from "./useSelection.ts";

type Order = "retry" | "cancel";
type Input = RetryJobsInput & CancelJobsInput;

/** The two orders about many jobs. */
const WORDS = {
  retry: { verb: "Retry", done: "retried" },
  cancel: { verb: "Cancel", done: "cancelled" },
} as const;

/** What all calls of one order came to. */
interface Sum {
  readonly order: Order;
  readonly done: number;
  readonly refusals: OutcomeFragment["refusals"];
}

interface Props {
  readonly view: JobView;
  readonly selection: Selection;
}

/** Buttons for the marked jobs, or for all that match the filter. */
export function BulkOrders({ view, selection }: Props): JSX.Element {
  const [wanted, setWanted] = useState<{ readonly order: Order; readonly input: Input } | null>(null);
  const [sum, setSum] = useState<Sum | null>(null);
  const marked = [...selection.ids];
  const matching = matchingInput(view);

  function choose(order: Order, input: Input): void {
    setSum(null);
    setWanted({ order, input });
  }

  return (
    <>
      <div class="bulk" role="group" aria-label="Orders about many jobs">
        <span>{marked.length} marked</span>
        {(["retry", "cancel"] as const).map((order) => (
          <button
            key={order}
            type="button"
            disabled={marked.length === 0}
            onClick={() => {
              choose(order, { ids: marked });
            }}
          >
            {WORDS[order].verb} marked…
          </button>
        ))}
        {matching !== null &&
          (["retry", "cancel"] as const)
            .filter((order) => isPossible(order, view))
            .map((order) => (
              <button
                key={`all-${order}`}
                type="button"
                onClick={() => {
                  choose(order, matching);
                }}
              >
                {WORDS[order].verb} all that match…
              </button>
            ))}
      </div>
      {sum !== null && <Outcome sum={sum} />}
      {wanted !== null && (
        <BulkDialog
          order={wanted.order}
          input={wanted.input}
          onDone={(outcome) => {
            setSum(outcome);
            setWanted(null);
            selection.replace([]);
          }}
          onClose={() => {
            setWanted(null);
          }}
        />
      )}
    </>
  );
}

/** The filter as orders take it; null where they have no such condition, or nothing is narrowed. */
function matchingInput(view: JobView): Input | null {
  const hasOther = view.text !== "" || view.state === "retrying";
  const isNarrowed = view.state !== "all" || view.identifier !== "" || view.tenant !== "" || view.minutes > 0;
  if (hasOther || !isNarrowed) {
    return null;
  }
  const createdAfter = createdAfterOf(view, Date.now());
  return {
    ...(view.identifier === "" ? {} : { identifier: view.identifier }),
    ...(view.tenant === "" ? {} : { tenant: view.tenant }),
    ...(createdAfter === null ? {} : { createdAfter }),
    ...statusOf(view),
  };
}

const STATUSES: Readonly<Record<JobView["state"], Input["status"]>> = {
  all: undefined,
  unfinished: ["PENDING", "RUNNING", "WAITING", "FAILED"],
  pending: ["PENDING"],
  running: ["RUNNING"],
  retrying: undefined,
  failed: ["FAILED"],
  completed: undefined,
  cancelled: ["CANCELLED"],
};

function statusOf({ state }: JobView): Pick<Input, "status"> {
  const status = STATUSES[state];
  return status === undefined ? {} : { status };
}

function isPossible(order: Order, { state }: JobView): boolean {
  return order === "retry"
    ? ["failed", "cancelled"].includes(state)
    : ["pending", "running", "unfinished"].includes(state);
}

async function call(order: Order, input: Input): Promise<OutcomeFragment> {
  if (order === "retry") {
    const { retryJobs } = await ask(RetryManyDocument, { input });
    return retryJobs?.outcome ?? NOTHING;
  }
  const { cancelJobs } = await ask(CancelManyDocument, { input });
  return cancelJobs?.outcome ?? NOTHING;
}

const NOTHING: OutcomeFragment = { matched: 0, done: 0, refused: 0, nextAfter: null, refusals: [] };

/** Counts first; acts, slice by slice, once a reason is given. */
function BulkDialog({
  order,
  input,
  onDone,
  onClose,
}: {
  readonly order: Order;
  readonly input: Input;
  readonly onDone: (sum: Sum) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const [matched, setMatched] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState(0);
  useEffect(() => {
    async function count(): Promise<void> {
      try {
        setMatched((await call(order, { ...input, dryRun: true })).matched);
      } catch (cause) {
        setError(asApiError(cause));
      }
    }
    void count();
  }, []);

  async function act(reason: string): Promise<void> {
    let after: string | null = null;
    let sum: Sum = { order, done: 0, refusals: [] };
    do {
      const outcome: OutcomeFragment = await call(order, { ...input, reason, after });
      sum = { order, done: sum.done + outcome.done, refusals: [...sum.refusals, ...outcome.refusals] };
      setDone(sum.done);
      after = outcome.nextAfter;
    } while (after !== null);
    onDone(sum);
  }

  const { verb } = WORDS[order];
  return (
    <OrderDialog
      title={`${verb} many jobs`}
      action={matched === null ? verb : `${verb} ${matched} ${matched === 1 ? "job" : "jobs"}`}
      isDangerous={order === "cancel"}
      isReady={matched !== null && matched > 0}
      onOrder={act}
      onClose={onClose}
    >
      <p role="status">
        {matched === null && error === null && "Counting…"}
        {matched !== null && `${matched} ${matched === 1 ? "job matches" : "jobs match"} now.`}{" "}
        {done > 0 && `${done} done.`}
      </p>
      <p>
        {order === "retry"
          ? "Each goes on where it stopped; tasks that are COMPLETED are not run again."
          : "Each is stopped for good; a handler that runs is told within about a second."}
      </p>
      {error !== null && <ErrorNotice error={error} />}
    </OrderDialog>
  );
}

function Outcome({ sum }: { readonly sum: Sum }): JSX.Element {
  return (
    <div class="notice" role="status">
      <strong>
        {sum.done} {sum.done === 1 ? "job" : "jobs"} {WORDS[sum.order].done}.
      </strong>
      {sum.refusals.map((refusal) => (
        <p key={`${refusal.code} ${refusal.firstJobId}`}>
          {refusal.jobs} refused ({refusal.code}), such as job {refusal.firstJobId}: {refusal.message} {refusal.hint}
        </p>
      ))}
    </div>
  );
}
