import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { type OutcomeFragment, CancelManyDocument, RetryManyDocument } from "../api/generated.ts";
import { countOf } from "../view/counts.ts";
import { nowMs } from "../view/serverClock.ts";
import type { JobView } from "../view/jobFilter.ts";
import { type Order, type OrderInput, WHY_NOT_ALL, matchingInput } from "../view/matchingOrder.ts";
import { ErrorNotice } from "./notices.tsx";
import { OrderDialog } from "./orderDialog.tsx";
import type { Selection } from "./useSelection.ts";

const ORDERS = ["retry", "cancel"] as const;
/** As many as one call may take is a transaction too long; the API's own default is many calls. */
const JOBS_A_CALL = 500;

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
  const [wanted, setWanted] = useState<{ readonly order: Order; readonly input: OrderInput } | null>(null);
  const [sum, setSum] = useState<Sum | null>(null);
  const marked = [...selection.ids];

  function choose(order: Order, input: OrderInput): void {
    setSum(null);
    setWanted({ order, input });
  }

  return (
    <>
      <div class={marked.length > 0 ? "bulk marking" : "bulk"} role="group" aria-label="Orders about many jobs">
        {marked.length > 0 && (
          <>
            <strong>{marked.length} marked</strong>
            {ORDERS.map((order) => (
              <button
                key={order}
                type="button"
                onClick={() => {
                  choose(order, { ids: marked });
                }}
              >
                {WORDS[order].verb} marked…
              </button>
            ))}
            <button
              type="button"
              class="link"
              onClick={() => {
                selection.replace([]);
              }}
            >
              Unmark
            </button>
          </>
        )}
        <AllThatMatch view={view} isMarking={marked.length > 0} onChoose={choose} />
      </div>
      {sum !== null && <Outcome sum={sum} />}
      {wanted !== null && (
        <BulkDialog
          order={wanted.order}
          input={wanted.input}
          onDone={(outcome) => {
            setSum(outcome);
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

function AllThatMatch({
  view,
  isMarking,
  onChoose,
}: {
  readonly view: JobView;
  readonly isMarking: boolean;
  readonly onChoose: (order: Order, input: OrderInput) => void;
}): JSX.Element {
  const possible = ORDERS.filter((order) => matchingInput(order, view, nowMs()) !== null);
  if (possible.length === 0) {
    return (
      <span class="muted">{isMarking ? WHY_NOT_ALL : "Mark jobs to retry or cancel them; Shift marks a range."}</span>
    );
  }
  return (
    <>
      {possible.map((order) => (
        <button
          key={order}
          type="button"
          onClick={() => {
            const input = matchingInput(order, view, nowMs());
            if (input !== null) {
              onChoose(order, input);
            }
          }}
        >
          {WORDS[order].verb} all that match…
        </button>
      ))}
    </>
  );
}

async function call(order: Order, input: OrderInput): Promise<OutcomeFragment> {
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
  readonly input: OrderInput;
  readonly onDone: (sum: Sum) => void;
  readonly onClose: () => void;
}): JSX.Element {
  const [matched, setMatched] = useState<number | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [done, setDone] = useState(0);
  const isClosed = useRef(false);
  useEffect(() => {
    async function count(): Promise<void> {
      try {
        setMatched((await call(order, { ...input, dryRun: true })).matched);
      } catch (cause) {
        setError(asApiError(cause));
      }
    }
    void count();
    return () => {
      isClosed.current = true;
    };
  }, []);

  async function act(reason: string): Promise<void> {
    let after: string | null = null;
    let sum: Sum = { order, done: 0, refusals: [] };
    do {
      const outcome: OutcomeFragment = await call(order, { ...input, reason, after, maxJobs: JOBS_A_CALL });
      sum = { order, done: sum.done + outcome.done, refusals: joined(sum.refusals, outcome.refusals) };
      setDone(sum.done);
      after = outcome.nextAfter;
      // Whoever closes the question stops what is not done yet.
    } while (after !== null && !isClosed.current);
    onDone(sum);
  }

  const { verb } = WORDS[order];
  return (
    <OrderDialog
      title={`${verb} many jobs`}
      action={matched === null ? verb : `${verb} ${countOf(matched, "job")}`}
      isDangerous={order === "cancel"}
      isReady={matched !== null && matched > 0}
      onOrder={act}
      onClose={onClose}
    >
      <p role="status">
        {matched === null && error === null && "Counting…"}
        {matched !== null && `${countOf(matched, "job")} ${matched === 1 ? "matches" : "match"} now.`}{" "}
        {done > 0 && `${done.toLocaleString()} done.`}
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

/** Refusals for the same reason as one. */
function joined(before: Sum["refusals"], more: Sum["refusals"]): Sum["refusals"] {
  const byCode = new Map(before.map((refusal) => [refusal.code, refusal]));
  for (const refusal of more) {
    const same = byCode.get(refusal.code);
    byCode.set(refusal.code, same === undefined ? refusal : { ...same, jobs: same.jobs + refusal.jobs });
  }
  return [...byCode.values()];
}

function Outcome({ sum }: { readonly sum: Sum }): JSX.Element {
  return (
    <div class="notice" role="status">
      <strong>
        {countOf(sum.done, "job")} {WORDS[sum.order].done}.
      </strong>
      {sum.refusals.map((refusal) => (
        <p key={`${refusal.code} ${refusal.firstJobId}`}>
          {refusal.jobs.toLocaleString()} refused ({refusal.code}), such as job {refusal.firstJobId}: {refusal.message}{" "}
          {refusal.hint}
        </p>
      ))}
    </div>
  );
}
