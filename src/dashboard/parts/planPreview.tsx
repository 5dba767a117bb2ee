import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError } from "../api/apiError.ts";
import { ask } from "../api/client.ts";
import { type PreviewPlanQuery, PreviewPlanDocument } from "../api/generated.ts";
import { countOf } from "../view/counts.ts";

const AFTER_TYPING_MS = 250;
const SHOWN_TASKS = 50;

/** What the database says of a job that is not added yet. */
export interface Preview {
  readonly plan: PreviewPlanQuery["previewPlan"] | null;
  readonly error: ApiError | null;
}

/** The plan that a job would get, or why it would get none; asked for anew as one types. */
export function usePreview(identifier: string, payload: unknown, tenant: string): Preview {
  const [preview, setPreview] = useState<Preview>({ plan: null, error: null });
  const key = JSON.stringify({ identifier, payload, ...(tenant === "" ? {} : { tenant }) });
  useEffect(() => {
    let isOver = false;
    async function look(): Promise<void> {
      let found: Preview;
      try {
        const { previewPlan } = await ask(PreviewPlanDocument, JSON.parse(key) as { identifier: string });
        found = { plan: previewPlan, error: null };
      } catch (error) {
        found = { plan: null, error: asApiError(error) };
      }
      if (!isOver) {
        setPreview(found);
      }
    }
    const timer =
      payload === null
        ? 0
        : setTimeout(() => {
            void look();
          }, AFTER_TYPING_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key]);
  return preview;
}

/** Shows it. */
export function PlanPreview({ preview: { plan, error } }: { readonly preview: Preview }): JSX.Element {
  const [shown, setShown] = useState(SHOWN_TASKS);
  return (
    <section aria-label="Plan" class="preview">
      <h2>
        The plan it will have
        {plan !== null && <span class="muted"> ({countOf(plan.length, "task")})</span>}
      </h2>
      {error !== null && (
        <div class="notice">
          <p>
            <strong>None yet:</strong>{" "}
            {error.issues.length > 0 ? "the payload does not fit its definition." : error.message}
          </p>
          {error.issues.length > 0 ? (
            <ul>
              {error.issues.map(({ path, message }) => (
                <li key={`${path} ${message}`}>
                  <code>{path === "" ? "payload" : path}</code> {message}
                </li>
              ))}
            </ul>
          ) : (
            error.hint !== null && <p>{error.hint}</p>
          )}
        </div>
      )}
      {plan !== null && (
        <>
          <ol>
            {plan.slice(0, shown).map(({ key, name }) => (
              <li key={key}>
                <bdi>{name}</bdi> <code class="muted">{key}</code>
              </li>
            ))}
          </ol>
          {plan.length > shown && (
            <button
              type="button"
              class="link"
              onClick={() => {
                setShown(shown * 10);
              }}
            >
              {(plan.length - shown).toLocaleString()} more
            </button>
          )}
        </>
      )}
    </section>
  );
}
