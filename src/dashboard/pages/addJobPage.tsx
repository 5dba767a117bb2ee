import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { type DefinitionsQuery, AddDocument, DefinitionsDocument } from "../api/generated.ts";
import { usePolled } from "../api/hooks.ts";
import { Empty, ErrorNotice, Waiting } from "../parts/notices.tsx";
import { PayloadFields } from "../parts/payloadFields.tsx";
import { goTo, useAddress, withParameters } from "../view/location.ts";
import { fieldsOf } from "../view/payloadForm.ts";
import { type Template, previewPlan } from "../view/planPreview.ts";

const DEFINITIONS_EVERY_MS = 60_000;

type Definition = NonNullable<DefinitionsQuery["definitions"]>["nodes"][number];

/** Adds a job: pick a definition, fill in its payload, see the plan, queue it. */
export function AddJobPage(): JSX.Element {
  const { data, error } = usePolled(DefinitionsDocument, {}, DEFINITIONS_EVERY_MS);
  const address = useAddress();
  const definitions = currentOf(data?.definitions?.nodes ?? []);
  const wanted = address.searchParams.get("identifier");
  const definition = definitions.find(({ identifier }) => identifier === wanted) ?? definitions[0];
  return (
    <div class="narrow">
      <h1>Add a job</h1>
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Waiting />}
      {data !== null && definition === undefined && (
        <Empty title="There is no definition to add a job of.">
          <p>Write one in tasks/ and start a worker, or run this:</p>
          <pre tabIndex={0}>npx ratchet migrate</pre>
        </Empty>
      )}
      {definition !== undefined && (
        <>
          <label>
            Definition
            <select
              value={definition.identifier}
              onChange={({ currentTarget }) => {
                goTo(withParameters(address, { identifier: currentTarget.value }), { replace: true });
              }}
            >
              {definitions.map(({ identifier }) => (
                <option key={identifier} value={identifier}>
                  {identifier}
                </option>
              ))}
            </select>
          </label>
          <AddForm key={definition.identifier} definition={definition} />
        </>
      )}
    </div>
  );
}

/** Of each definition the version that add_job uses. */
function currentOf(definitions: readonly Definition[]): Definition[] {
  const newest = new Map<string, Definition>();
  for (const definition of definitions) {
    const other = newest.get(definition.identifier);
    if (other === undefined || Date.parse(other.currentSince) < Date.parse(definition.currentSince)) {
      newest.set(definition.identifier, definition);
    }
  }
  return [...newest.values()].toSorted((left, right) => left.identifier.localeCompare(right.identifier));
}

function AddForm({ definition }: { readonly definition: Definition }): JSX.Element {
  const fields = fieldsOf(definition.payloadSchema);
  const [isRaw, setRaw] = useState(fields === null);
  const [text, setText] = useState("{}");
  const [runAt, setRunAt] = useState("");
  const [jobKey, setJobKey] = useState("");
  const [tenant, setTenant] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const payload = parsed(text);

  async function add(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (payload === null) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const { addJob } = await ask(AddDocument, {
        input: {
          identifier: definition.identifier,
          payload,
          ...(runAt === "" ? {} : { runAt: new Date(runAt).toISOString() }),
          ...(jobKey === "" ? {} : { jobKey }),
          ...(tenant === "" ? {} : { tenant }),
        },
      });
      goTo(`/jobs/${addJob?.job.id ?? ""}`);
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  }

  return (
    <form
      onSubmit={(event) => {
        void add(event);
      }}
    >
      <fieldset>
        <legend>Payload</legend>
        {fields !== null && (
          <label>
            <input
              type="checkbox"
              checked={isRaw}
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
              rows={10}
              spellcheck={false}
              aria-invalid={payload === null}
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
            issues={error?.issues ?? []}
            onPayload={(changed) => {
              setText(JSON.stringify(changed, null, 2));
            }}
          />
        )}
        <p class="problem" role="alert">
          {payload === null ? "This is no JSON object yet." : ""}
        </p>
      </fieldset>
      <fieldset>
        <legend>When, and for whom</legend>
        <label>
          Run at <span class="muted">(your zone; empty is at once)</span>
          <input
            type="datetime-local"
            step="1"
            value={runAt}
            onInput={({ currentTarget }) => {
              setRunAt(currentTarget.value);
            }}
          />
        </label>
        <label>
          Job key <span class="muted">(at most one unfinished job has it)</span>
          <input
            autocomplete="off"
            value={jobKey}
            onInput={({ currentTarget }) => {
              setJobKey(currentTarget.value);
            }}
          />
        </label>
        <label>
          Tenant <span class="muted">(empty is your own)</span>
          <input
            autocomplete="off"
            value={tenant}
            onInput={({ currentTarget }) => {
              setTenant(currentTarget.value);
            }}
          />
        </label>
      </fieldset>
      {payload !== null && <Preview templates={templatesOf(definition)} payload={payload} />}
      {error !== null && <ErrorNotice error={error} />}
      <div class="buttons">
        <button type="submit" class="primary" disabled={isBusy || payload === null}>
          Add the job
        </button>
      </div>
    </form>
  );
}

function templatesOf({ templates }: Definition): readonly Template[] {
  return Array.isArray(templates) ? (templates as Template[]) : [];
}

function Preview({
  templates,
  payload,
}: {
  readonly templates: readonly Template[];
  readonly payload: unknown;
}): JSX.Element {
  const plan = previewPlan(templates, payload);
  return (
    <section aria-label="Plan">
      <h2>The plan it will have</h2>
      <ol>
        {plan.map(({ template, names }) =>
          names === null ? (
            <li key={template.key}>
              {template.title} <span class="muted">one for each match of {template.each}</span>
            </li>
          ) : (
            names.map((name) => <li key={`${template.key} ${name}`}>{name}</li>)
          ),
        )}
      </ol>
    </section>
  );
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
