import { type TroubleKind, codeOf, isOwnPoolBusy, kindOfTrouble } from "../database/transientErrors.ts";
import type { EventHub } from "./events.ts";

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
  nextAnswer(error: unknown): AbortSignal;
}

interface Trouble {
  readonly call: string;
  readonly since: number;
  readonly callers: Set<object>;
  answer: AbortController;
}

const troublesOfHub = new WeakMap<EventHub, Troubles>();

/** The trouble of everybody who tells these events. */
export function troublesOf(events: EventHub): Troubles {
  const known = troublesOfHub.get(events) ?? createTroubles(events);
  troublesOfHub.set(events, known);
  return known;
}

/**
 * Joins what many calls meet to one trouble for each kind: it begins with the first call that fails, and is over when each
 * one that failed was answered. A restart of Postgres would otherwise be told by everything that needs it.
 */
function createTroubles(events: EventHub): Troubles {
  const troubles = new Map<TroubleKind, Trouble>();

  function leave(caller: object, isAnswered: boolean, except?: TroubleKind): void {
    for (const [kind, trouble] of troubles) {
      if (kind !== except && trouble.callers.delete(caller)) {
        if (isAnswered) {
          trouble.answer.abort();
          trouble.answer = new AbortController();
        }
        if (trouble.callers.size === 0) {
          troubles.delete(kind);
          if (isAnswered) {
            const durationMs = performance.now() - trouble.since;
            events.emit("database.recovered", { kind, call: trouble.call, durationMs });
          }
        }
      }
    }
  }

  return {
    failed(caller, call, error, heldBy) {
      if (isOwnPoolBusy(error)) {
        return;
      }
      const kind = kindOfTrouble(error);
      const known = troubles.get(kind);
      if (known === undefined) {
        troubles.set(kind, {
          call,
          since: performance.now(),
          callers: new Set([caller]),
          answer: new AbortController(),
        });
        const errorMessage = error instanceof Error ? error.message : String(error);
        const event = { kind, call, errorMessage, errorCode: codeOf(error) };
        events.emit("database.troubled", heldBy === undefined ? event : { ...event, heldBy });
      } else {
        known.callers.add(caller);
      }
      // Postgres says something else by now, so the trouble before is over for this caller.
      leave(caller, true, kind);
    },
    answered(caller) {
      leave(caller, true);
    },
    gaveUp(caller) {
      leave(caller, false);
    },
    nextAnswer(error) {
      return (troubles.get(kindOfTrouble(error))?.answer ?? new AbortController()).signal;
    },
  };
}
