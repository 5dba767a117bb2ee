import type { CliContext } from "../context.ts";
import { createLiveBlock } from "../output/liveBlock.ts";
import { followJob, type JobSource } from "./followJob.ts";
import { type History, observe } from "./history.ts";
import { plainLines } from "./plainLines.ts";
import { renderBlock } from "./renderBlock.ts";
import type { ProgressSnapshot } from "./snapshot.ts";

/** How a job is watched. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  /** Whether the job was queued earlier, so that what is done already counts as passed over. */
  readonly resuming: boolean;
  /** A remark to show, such as "No worker is alive."; asked after each look with how long the job has not moved. */
  readonly notice: (snapshot: ProgressSnapshot, stillMs: number) => Promise<string | undefined>;
  /** Called once, when the first state is on the screen. */
  readonly onFirst?: (() => void) | undefined;
}

/**
 * Shows the job until it is final or `signal` is aborted: in a block redrawn in place where that is possible, else in
 * lines. Gives the last state that was shown; null if there was none.
 */
export async function watchJob(
  context: CliContext,
  source: JobSource,
  { signal, resuming, notice, onFirst }: WatchOptions,
): Promise<ProgressSnapshot | null> {
  const view = context.canRedraw ? createLiveView(context) : createPlainView(context);
  let history: History | null = null;
  let movedAtMs = performance.now();
  try {
    for await (const snapshot of followJob(source, { signal, onTrouble: view.trouble })) {
      const isFirst: boolean = history === null;
      const step = observe(history, snapshot, resuming);
      history = step.history;
      view.show(
        step.history,
        step.changes.flatMap((change) => plainLines(change, snapshot)),
      );
      if (isFirst) {
        onFirst?.();
      }
      if (step.changes.length > 0) {
        movedAtMs = performance.now();
      }
      view.notice(await notice(snapshot, performance.now() - movedAtMs));
    }
  } finally {
    view.end();
  }
  return history === null ? null : history.latest;
}

interface View {
  readonly show: (history: History, lines: readonly string[]) => void;
  readonly notice: (text: string | undefined) => void;
  readonly trouble: (message: string | null) => void;
  readonly end: () => void;
}

function createPlainView(context: CliContext): View {
  const said = new Set<string>();
  return {
    show: (_history, lines) => {
      context.print(...lines);
    },
    notice: (text) => {
      // The spans in a sentence grow with each look; what it says stays the same.
      const sense = text?.replaceAll(/\b\d+(?:\.\d+)? (?:ms|s|min|h|days?)\b/gv, "");
      if (text !== undefined && sense !== undefined && !said.has(sense)) {
        said.add(sense);
        context.print(text);
      }
    },
    trouble: (message) => {
      context.print(message === null ? "Postgres answers again." : `${message} Trying again.`);
    },
    end: () => {},
  };
}

const FRAME_MS = 100;

function createLiveView({ stdout, paint }: CliContext): View {
  let current: { history: History; readAtMs: number } | undefined;
  let remark: string | undefined;
  let problem: string | undefined;
  const block = createLiveBlock(
    stdout,
    (size) => {
      if (current === undefined) {
        return null;
      }
      const { history, readAtMs } = current;
      // The countdown follows the database's clock, moved on by ours: the two may differ by hours.
      const now = new Date(history.latest.now.getTime() + performance.now() - readAtMs);
      return renderBlock(history, { ...size, paint, now, notice: problem ?? remark });
    },
    FRAME_MS,
  );
  return {
    show: (history) => {
      current = { history, readAtMs: performance.now() };
      block.draw();
    },
    notice: (text) => {
      remark = text;
    },
    trouble: (message) => {
      problem = message === null ? undefined : `${message} Trying again.`;
    },
    end: block.end,
  };
}
