import { useLayoutEffect, useState } from "preact/hooks";

import { ask } from "./client.ts";
import { ExplanationDocument } from "./generated.ts";

const AGAIN_EVERY_MS = 5000;

/** What is said of a job. */
export interface Told {
  readonly explanation: string;
  readonly etaSeconds: number | null;
}

/** Why a job is where it is. Asked for again while it is unfinished: time passes and workers die without a change of the job. */
export function useExplanation(job: Told & { readonly id: string; readonly isFinal: boolean }): Told {
  const [told, setTold] = useState<Told>(job);
  // Before the job is drawn: no frame has its new state with the old reason.
  useLayoutEffect(() => {
    setTold(job);
    let isOver = job.isFinal;
    async function again(): Promise<void> {
      try {
        const { job: now } = await ask(ExplanationDocument, { id: job.id });
        if (!isOver && now !== null) {
          setTold(now);
        }
      } catch {
        // What was said before stays; a lost connection is told of elsewhere.
      }
    }
    function look(): void {
      if (!isOver && !document.hidden) {
        void again();
      }
    }
    const timer = setInterval(look, AGAIN_EVERY_MS);
    document.addEventListener("visibilitychange", look);
    return () => {
      isOver = true;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [job]);
  return told;
}
