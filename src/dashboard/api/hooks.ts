import { useEffect, useRef, useState } from "preact/hooks";

import { type ApiError, asApiError } from "./apiError.ts";
import { type Connection, ask, connectionNow, follow, hearConnection } from "./client.ts";
import type { Operation } from "./operation.ts";
import { hearToken, readToken } from "./token.ts";

/** What a page knows of the data it shows. */
export interface Loaded<Data> {
  /** The newest answer; what was there before stays while it is asked anew. */
  readonly data: Data | null;
  readonly error: ApiError | null;
  /** Whether `data` belongs to other variables than the page's now. */
  readonly isStale: boolean;
}

interface State<Data> extends Omit<Loaded<Data>, "isStale"> {
  readonly key: string;
}

/** The newest snapshot of a subscription, for as long as the component is shown. */
export function useLive<Data, Variables extends object>(
  operation: Operation<Data, Variables>,
  variables: Variables,
): Loaded<Data> {
  const key = JSON.stringify(variables);
  const [state, setState] = useState<State<Data>>({ key: "", data: null, error: null });
  useEffect(
    () =>
      follow(operation, variables, {
        onData: (data) => {
          setState({ key, data, error: null });
        },
        onError: (error) => {
          setState((before) => ({ key, data: before.key === key ? before.data : null, error }));
        },
      }),
    [operation, key],
  );
  return { data: state.data, error: state.error, isStale: state.key !== key };
}

/** How much longer than an answer took the next one is waited with, so that a slow database is not kept busy by those who look. */
const REST_FACTOR = 10;

/** An answer, asked for anew each `everyMs` or, if answers are slow, less often; not while nobody looks at the page. */
export function usePolled<Data, Variables extends object>(
  operation: Operation<Data, Variables>,
  variables: Variables,
  everyMs: number,
): Loaded<Data> {
  const key = JSON.stringify(variables);
  const [state, setState] = useState<State<Data>>({ key: "", data: null, error: null });
  useEffect(() => {
    let isOver = false;
    let isAsking = false;
    let timer = 0;
    async function again(): Promise<void> {
      clearTimeout(timer);
      if (isAsking) {
        return;
      }
      isAsking = true;
      const askedAtMs = performance.now();
      if (!document.hidden) {
        try {
          const data = await ask(operation, variables);
          if (!isOver) {
            setState({ key, data, error: null });
          }
        } catch (error) {
          if (!isOver) {
            setState((before) => ({ key, data: before.key === key ? before.data : null, error: asApiError(error) }));
          }
        }
      }
      isAsking = false;
      if (!isOver) {
        const tookMs = performance.now() - askedAtMs;
        timer = setTimeout(
          () => {
            void again();
          },
          Math.max(everyMs, REST_FACTOR * tookMs),
        );
      }
    }
    function lookedAt(): void {
      if (!document.hidden) {
        void again();
      }
    }
    void again();
    document.addEventListener("visibilitychange", lookedAt);
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", lookedAt);
    };
  }, [operation, key, everyMs]);
  return { data: state.data, error: state.error, isStale: state.key !== key };
}

/** A value from outside the components, followed. */
function useOutside<Value>(hear: (listener: () => void) => () => void, read: () => Value): Value {
  const [value, setValue] = useState(read);
  const reader = useRef(read);
  useEffect(() => {
    const look = (): void => {
      setValue(() => reader.current());
    };
    look();
    return hear(look);
  }, [hear]);
  return value;
}

/** How the live connection is. */
export function useConnection(): Connection {
  return useOutside(hearConnection, connectionNow);
}

/** The token of this window. */
export function useToken(): string | null {
  return useOutside(hearToken, readToken);
}
