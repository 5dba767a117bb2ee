import { type TroubleKind, codeOf, isOwnPoolBusy, kindOfTrouble } from "../database/transientErrors.ts";
import type { EventHub, RatchetEvents } from "./events.ts";

/** The trouble with Postgres that one process is in. */
export interface Troubles {
  /**
   * Notes that a call failed and will be made again.
   * @param caller stands for the call through all its repeats.
   * @param heldBy is for trouble with locks.
   */
  failed(caller: object, call: string, error: unknown, heldBy?: readonly string[]): void;
  /** Notes that a call was answered. */
  answered(caller: object): void;
  /** Notes that a call is not made again, though it was never answered. */
  gaveUp(caller: object): void;
  /** Aborted when a call that had met the same trouble is answered: then it is worth trying at once. */
  nextAnswer(call: string, error: unknown): AbortSignal;
}

/** Trouble that comes back so soon is told only if it lasts, or a server at its limits would be told of without end. */
const BACK_SOON_MS = 2000;
const LASTS_MS = 1000;

interface Trouble {
  readonly since: number;
  readonly callers: Set<object>;
  readonly told: Set<TroubleKind>;
  /** What was told last, or waits to be told. */
  latest: RatchetEvents["database.troubled"] | null;
  /** Waits for the trouble to last. */
  waiting: NodeJS.Timeout | undefined;
  answer: AbortController;
}

// Each of these may last for one call while everything else is well; the others follow one another in one and the same fault.
const APART: ReadonlySet<TroubleKind> = new Set(["locked", "rights", "missing", "other"]);

/** Whether an error may be a trouble of this very call; otherwise everything else meets it too. */
export function isOfOneCall(error: unknown): boolean {
  return APART.has(kindOfTrouble(error));
}

/** Trouble of one group is one trouble. */
function groupOf(kind: TroubleKind, call: string): string {
  return APART.has(kind) ? `${kind}: ${call}` : "server";
}

const troublesOfHub = new WeakMap<EventHub, Troubles>();

/** The trouble of everybody who tells these events. */
export function troublesOf(events: EventHub): Troubles {
  const known = troublesOfHub.get(events) ?? createTroubles(events);
  troublesOfHub.set(events, known);
  return known;
}

/**
 * Joins what many calls meet to one trouble: it begins with the first call that fails, and is over when each one that failed
 * was answered. A restart of Postgres would otherwise be told by everything that needs it. When it turns out to be something
 * else, a failover that has ended in a read-only server for example, that is told too, once.
 */
function createTroubles(events: EventHub): Troubles {
  const troubles = new Map<string, Trouble>();
  const endedAt = new Map<string, number>();

  function leave(caller: object, isAnswered: boolean, except?: string): void {
    for (const [group, trouble] of troubles) {
      if (group !== except && trouble.callers.delete(caller)) {
        if (isAnswered) {
          trouble.answer.abort();
          trouble.answer = new AbortController();
        }
        if (trouble.callers.size === 0) {
          troubles.delete(group);
          end(group, trouble, isAnswered);
        }
      }
    }
  }

  function end(group: string, { waiting, latest, since }: Trouble, isAnswered: boolean): void {
    clearTimeout(waiting);
    if (isAnswered) {
      endedAt.set(group, performance.now());
    }
    if (isAnswered && waiting === undefined && latest !== null) {
      const { kind, call } = latest;
      events.emit("database.recovered", { kind, call, durationMs: performance.now() - since });
    }
  }

  function troubleOfGroup(group: string): Trouble {
    const known = troubles.get(group);
    if (known !== undefined) {
      return known;
    }
    const trouble: Trouble = {
      since: performance.now(),
      callers: new Set(),
      told: new Set(),
      latest: null,
      waiting: undefined,
      answer: new AbortController(),
    };
    if (performance.now() - (endedAt.get(group) ?? Number.NEGATIVE_INFINITY) < BACK_SOON_MS) {
      trouble.waiting = setTimeout(() => {
        trouble.waiting = undefined;
        tell(trouble);
      }, LASTS_MS);
      trouble.waiting.unref();
    }
    troubles.set(group, trouble);
    return trouble;
  }

  function tell({ waiting, latest }: Trouble): void {
    if (waiting === undefined && latest !== null) {
      events.emit("database.troubled", latest);
    }
  }

  return {
    failed(caller, call, error, heldBy) {
      if (isOwnPoolBusy(error)) {
        return;
      }
      const kind = kindOfTrouble(error);
      const group = groupOf(kind, call);
      const trouble = troubleOfGroup(group);
      trouble.callers.add(caller);
      if (!trouble.told.has(kind)) {
        trouble.told.add(kind);
        const errorMessage = error instanceof Error ? error.message : String(error);
        const latest = { kind, call, errorMessage, errorCode: codeOf(error) };
        trouble.latest = heldBy === undefined ? latest : { ...latest, heldBy };
        tell(trouble);
      }
      // Postgres says something else by now, so what was before is over for this caller.
      leave(caller, true, group);
    },
    answered(caller) {
      leave(caller, true);
    },
    gaveUp(caller) {
      leave(caller, false);
    },
    nextAnswer(call, error) {
      return (troubles.get(groupOf(kindOfTrouble(error), call))?.answer ?? new AbortController()).signal;
    },
  };
}
