import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { ApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { CancelDocument, CompleteDocument, RescheduleDocument, RetryDocument, SkipDocument } from "../api/generated.ts";
import type { JobDetail } from "../pages/jobPage.tsx";
import { OrderDialog } from "./orderDialog.tsx";

type Order = "cancel" | "retry" | "retryFrom" | "skip" | "complete" | "reschedule";

interface OrderButton {
  readonly order: Order;
  readonly name: string;
  /** Whether the database would take it now; if it does not, its error says why. */
  readonly isPossible: (job: JobDetail) => boolean;
}

const RETRIED = new Set(["FAILED", "CANCELLED"]);

const ORDERS: readonly OrderButton[] = [
  {
    order: "retry",
    name: "Retry now",
    isPossible: ({ status, scrubbedAt }) => scrubbedAt === null && RETRIED.has(status),
  },
  {
    order: "retryFrom",
    name: "Retry from a task",
    isPossible: ({ status, scrubbedAt }) => scrubbedAt === null && (RETRIED.has(status) || status === "COMPLETED"),
  },
  { order: "skip", name: "Skip a task", isPossible: ({ isFinal }) => !isFinal },
  {
    order: "complete",
    name: "Mark a task done",
    isPossible: ({ isFinal, currentTask }) => !isFinal && currentTask !== null,
  },
  { order: "reschedule", name: "Reschedule", isPossible: ({ isFinal, workerId }) => !isFinal && workerId === null },
  { order: "cancel", name: "Cancel", isPossible: ({ isFinal }) => !isFinal },
];

/** The orders that this job takes now. */
export function JobOrders({ job }: { readonly job: JobDetail }): JSX.Element {
  const [wanted, setWanted] = useState<Order | null>(null);
  function close(): void {
    setWanted(null);
  }
  return (
    <>
      <div class="buttons" role="group" aria-label="Orders">
        {ORDERS.filter(({ isPossible }) => isPossible(job)).map(({ order, name }) => (
          <button
            key={order}
            type="button"
            class={order === "cancel" ? "danger" : ""}
            onClick={() => {
              setWanted(order);
            }}
          >
            {name}…
          </button>
        ))}
      </div>
      {wanted !== null && <OneOrder order={wanted} job={job} onClose={close} />}
    </>
  );
}

interface OneOrderProps {
  readonly order: Order;
  readonly job: JobDetail;
  readonly onClose: () => void;
}

function OneOrder({ order, job, onClose }: OneOrderProps): JSX.Element {
  const jobId = job.id;
  const tasks = job.tasks.nodes;
  const [task, setTask] = useState(job.currentTask?.key ?? tasks[0]?.key ?? "");
  const [result, setResult] = useState("null");
  const [at, setAt] = useState("");
  const [priority, setPriority] = useState(String(job.priority));

  async function give(reason: string): Promise<void> {
    switch (order) {
      case "cancel":
        await ask(CancelDocument, { input: { jobId, reason } });
        break;
      case "retry":
        await ask(RetryDocument, { input: { jobId, reason } });
        break;
      case "retryFrom":
        await ask(RetryDocument, { input: { jobId, reason, fromTask: task } });
        break;
      case "skip":
        await ask(SkipDocument, { input: { jobId, reason, task } });
        break;
      case "complete":
        await ask(CompleteDocument, { input: { jobId, reason, task, result: jsonOf(result) } });
        break;
      case "reschedule":
        await ask(RescheduleDocument, {
          input: {
            jobId,
            reason,
            ...(at === "" ? {} : { runAt: new Date(at).toISOString() }),
            ...(Number(priority) === job.priority ? {} : { priority: Number(priority) }),
          },
        });
        break;
    }
    onClose();
  }

  function taskChoice(
    keys: readonly { readonly key: string; readonly name: string; readonly status: string }[],
  ): JSX.Element {
    return (
      <label>
        Task
        <select
          value={task}
          onChange={({ currentTarget }) => {
            setTask(currentTarget.value);
          }}
        >
          {keys.map(({ key, name, status }) => (
            <option key={key} value={key}>
              {name} ({status})
            </option>
          ))}
        </select>
      </label>
    );
  }

  const shared = { onOrder: give, onClose };
  switch (order) {
    case "cancel":
      return (
        <OrderDialog {...shared} title={`Cancel job ${jobId}`} action="Cancel the job" isDangerous>
          <p>
            It is stopped for good. A handler that runs is told within about a second, and what it returns is discarded.
          </p>
        </OrderDialog>
      );
    case "retry":
      return (
        <OrderDialog {...shared} title={`Retry job ${jobId}`} action="Retry now">
          <p>It goes on at once where it stopped, with all its tries. Tasks that are COMPLETED are not run again.</p>
        </OrderDialog>
      );
    case "retryFrom":
      return (
        <OrderDialog {...shared} title={`Retry job ${jobId} from a task`} action="Retry from there" isDangerous>
          <p>That task and all after it are run anew, even COMPLETED ones.</p>
          {taskChoice(tasks)}
        </OrderDialog>
      );
    case "skip":
      return (
        <OrderDialog {...shared} title={`Skip a task of job ${jobId}`} action="Skip the task" isDangerous>
          <p>The job goes on without it; later handlers get null as its result.</p>
          {taskChoice(tasks.filter(({ status }) => ["PENDING", "RUNNING", "FAILED"].includes(status)))}
        </OrderDialog>
      );
    case "complete":
      return (
        <OrderDialog {...shared} title={`Mark "${job.currentTask?.name ?? ""}" done`} action="Mark done" isDangerous>
          <p>Say that it was done by hand. Later handlers read this result.</p>
          <label>
            Result, as JSON
            <textarea
              rows={4}
              spellcheck={false}
              value={result}
              onInput={({ currentTarget }) => {
                setResult(currentTarget.value);
              }}
            />
          </label>
        </OrderDialog>
      );
    case "reschedule":
      return (
        <OrderDialog {...shared} title={`Reschedule job ${jobId}`} action="Reschedule">
          <label>
            Run at <span class="muted">(your zone; empty leaves it as it is)</span>
            <input
              type="datetime-local"
              step="1"
              value={at}
              onInput={({ currentTarget }) => {
                setAt(currentTarget.value);
              }}
            />
          </label>
          <label>
            Priority <span class="muted">(smaller runs earlier)</span>
            <input
              type="number"
              min={-32_768}
              max={32_767}
              value={priority}
              onInput={({ currentTarget }) => {
                setPriority(currentTarget.value);
              }}
            />
          </label>
        </OrderDialog>
      );
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ApiError(`The result is no JSON: ${cause instanceof Error ? cause.message : ""}`, {
      hint: 'Texts need quotes: "done". null is a result, too.',
    });
  }
}
