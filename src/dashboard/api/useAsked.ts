import { useEffect, useState } from "preact/hooks";

import { type ApiError, asApiError } from "./apiError.ts";
import { ask } from "./client.ts";
import type { Operation } from "./operation.ts";

const AGAIN_AFTER_MS = 2000;

/**
 * An answer that is asked for once, and again when the variables or `changes` are others; what was there stays meanwhile. While
 * the server or its Postgres is away it is tried again.
 */
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
    let timer = 0;
    async function load(): Promise<void> {
      try {
        const data = await ask(operation, variables);
        if (!isOver) {
          setState({ data, error: null });
        }
      } catch (cause) {
        const error = asApiError(cause);
        if (!isOver) {
          setState((before) => ({ ...before, error }));
        }
        if (!isOver && error.isPassing) {
          timer = setTimeout(() => {
            void load();
          }, AGAIN_AFTER_MS);
        }
      }
    }
    void load();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [operation, JSON.stringify(variables), changes]);
  return state;
}
