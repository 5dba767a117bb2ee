import { useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError } from "./apiError.ts";
import { ask } from "./client.ts";
import type { Operation } from "./operation.ts";

/** An answer that is asked for once, and again when the variables or `changes` are others; what was there stays meanwhile. */
export function useAsked<Data, Variables>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  changes = "",
): { readonly data: Data | null; readonly error: ApiError | null } {
  const [state, setState] = useState<{ readonly data: Data | null; readonly error: ApiError | null }>({
    data: null,
    error: null,
  });
  useEffect(() => {
    let isOver = false;
    async function load(): Promise<void> {
      try {
        const data = await ask(operation, variables);
        if (!isOver) {
          setState({ data, error: null });
        }
      } catch (error) {
        if (!isOver) {
          setState((before) => ({ ...before, error: asApiError(error) }));
        }
      }
    }
    void load();
    return () => {
      isOver = true;
    };
  }, [operation, JSON.stringify(variables), changes]);
  return state;
}
