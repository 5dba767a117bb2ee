import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { type JobToCopyQuery, AddDocument } from "../api/generated.ts";
import { jsonProblem } from "../view/jsonText.ts";
import { goTo } from "../view/location.ts";
import { type JsonObject, fieldsOf, startOf } from "../view/payloadForm.ts";
import { ErrorNotice } from "./notices.tsx";
import { PayloadFields } from "./payloadFields.tsx";
import { PlanPreview, usePreview } from "./planPreview.tsx";

/** A job that another one is to be like. */
export type JobToCopy = NonNullable<JobToCopyQuery["job"]>;

/** What {@link AddJobForm} takes. */
export interface AddJobFormProps {
  readonly identifier: string;
  /** Null if nobody knows it. */
  readonly payloadSchema: unknown;
  readonly like: JobToCopy | null;
}

const OPTIONS = [
  { name: "jobKey", label: "Job key", hint: "at most one unfinished job has it", type: "text" },
  { name: "tenant", label: "Tenant", hint: "empty is your own", type: "text" },
  { name: "priority", label: "Priority", hint: "smaller runs earlier; usual is 0", type: "numeric" },
  { name: "queueName", label: "Queue", hint: "jobs of one queue run one after another", type: "text" },
  { name: "maxAttempts", label: "Tries of each task", hint: "empty is as the definition says", type: "numeric" },
] as const;

type Options = Readonly<Record<(typeof OPTIONS)[number]["name"] | "runAt", string>>;

function optionsLike(like: JobToCopy | null): Options {
  return {
    runAt: "",
    jobKey: "",
    tenant: like?.tenant ?? "",
    priority: like === null || like.priority === 0 ? "" : String(like.priority),
    queueName: like?.queueName ?? "",
    maxAttempts: String(like?.maxAttempts ?? ""),
  };
}

/** Fills in a payload, shows its plan, and queues the job. */
export function AddJobForm({ identifier, payloadSchema, like }: AddJobFormProps): JSX.Element {
  const fields = fieldsOf(payloadSchema);
  const [isRaw, setRaw] = useState(fields === null);
  const [text, setText] = useState(() => JSON.stringify(like?.payload ?? startOf(fields ?? []), null, 2));
  const [options, setOptions] = useState(() => optionsLike(like));
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [isTried, setTried] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const { payload, problem } = read(text);
  const preview = usePreview(identifier, payload, options.tenant);

  async function add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (payload === null) {
      return;
    }
    setTried(true);
    setBusy(true);
    setError(null);
    try {
      const { addJob } = await ask(AddDocument, { input: { identifier, payload, ...given(options) } });
      goTo(`/jobs/${addJob?.job.id ?? ""}`);
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  }

  return (
    <form
      class="add-form"
      onSubmit={(event) => {
        void add(event);
      }}
    >
      <div>
        <fieldset>
          <legend>Payload</legend>
          {fields !== null && (
            <label>
              <input
                type="checkbox"
                checked={isRaw}
                disabled={payload === null}
                onChange={() => {
                  setRaw(!isRaw);
                }}
              />{" "}
              as JSON
            </label>
          )}
          {isRaw || fields === null || payload === null ? (
            <label>
              JSON
              <textarea
                rows={12}
                spellcheck={false}
                aria-invalid={problem !== null}
                value={text}
                onInput={({ currentTarget }) => {
                  setText(currentTarget.value);
                }}
              />
            </label>
          ) : (
            <PayloadFields
              fields={fields}
              payload={payload}
              issues={{
                all: (preview.error ?? error)?.issues ?? [],
                isSaid: (path) => isTried || left.has(path),
                onLeft: (path) => {
                  setLeft((before) => new Set(before).add(path));
                },
              }}
              onPayload={(changed) => {
                setText(JSON.stringify(changed, null, 2));
              }}
            />
          )}
          <p class="problem" role="alert">
            {problem ?? ""}
          </p>
        </fieldset>
        <fieldset>
          <legend>When, and how</legend>
          <label>
            Run at <span class="muted">(your zone; empty is at once)</span>
            <input
              type="datetime-local"
              step="1"
              value={options.runAt}
              onInput={({ currentTarget }) => {
                setOptions({ ...options, runAt: currentTarget.value });
              }}
            />
          </label>
          <details open={like !== null}>
            <summary>More</summary>
            {OPTIONS.map(({ name, label, hint, type }) => (
              <label key={name}>
                {label} <span class="muted">({hint})</span>
                <input
                  inputMode={type}
                  autocomplete="off"
                  value={options[name]}
                  onInput={({ currentTarget }) => {
                    setOptions({ ...options, [name]: currentTarget.value });
                  }}
                />
              </label>
            ))}
          </details>
        </fieldset>
      </div>
      <div class="ready">
        {payload !== null && <PlanPreview preview={preview} />}
        {error !== null && <ErrorNotice error={error} />}
        <div class="buttons">
          <button type="submit" class="primary" disabled={isBusy || payload === null}>
            Add the job
          </button>
        </div>
      </div>
    </form>
  );
}

/** The options that are not left to the definition. */
function given({ runAt, priority, maxAttempts, ...texts }: Options): Readonly<Record<string, unknown>> {
  return {
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== "")),
    ...(runAt === "" ? {} : { runAt: new Date(runAt).toISOString() }),
    ...(priority === "" ? {} : { priority: numberOf(priority) }),
    ...(maxAttempts === "" ? {} : { maxAttempts: numberOf(maxAttempts) }),
  };
}

/** What is no number goes as it is, so that the server refuses it. */
function numberOf(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

function read(text: string): { readonly payload: JsonObject | null; readonly problem: string | null } {
  const problem = jsonProblem(text);
  if (problem !== null) {
    return { payload: null, problem };
  }
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? { payload: value as JsonObject, problem: null }
    : { payload: null, problem: "A payload is an object: it begins with { and ends with }." };
}
