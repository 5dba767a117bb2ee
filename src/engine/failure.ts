import { inspect } from "node:util";
import { durationToMs } from "../definition/duration.ts";
import type { Failure } from "../database/calls/checkpoints.ts";
import { isNonRetryableError, isRetryLaterError } from "../errors/handlerErrors.ts";
import type { RatchetError } from "../errors/ratchetError.ts";

const LONGEST_MESSAGE = 10_000;
const LONGEST_STACK = 20_000;
const LONGEST_NAME = 200;
const DEEPEST_CAUSE = 5;
const MOST_GATHERED = 5;
const UNREADABLE = "The handler threw something that cannot be read.";

/** What is stored when the description itself is refused by Postgres. */
export const UNSTORABLE_FAILURE: Failure = {
  name: "Error",
  message: "The task failed, and Postgres refused to store what its error said.",
  code: "RT116",
  stack: null,
  counted: true,
  canRetry: true,
  delayMs: null,
};

/** What was thrown; an error in place of a proxy that throws when it is asked what it is or has, so that others may ask. */
export function recognizable(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error && "message" in thrown);
    return thrown;
  } catch {
    return new Error(UNREADABLE);
  }
}

/** Describes whatever a handler threw: an Error, a string, nothing at all, an object whose getters throw. */
export function describeThrown(whatever: unknown): Failure {
  const thrown = recognizable(whatever);
  const failure = {
    name: clean(read(() => nameOf(thrown)) ?? "Error", LONGEST_NAME),
    message: clean(read(() => messageOf(thrown)) ?? UNREADABLE, LONGEST_MESSAGE),
    code: read(() => codeIn(thrown, DEEPEST_CAUSE)),
    stack: read(() =>
      thrown instanceof Error && thrown.stack !== undefined ? clean(thrown.stack, LONGEST_STACK) : null,
    ),
    counted: true,
    canRetry: true,
    delayMs: null,
  };
  if (isRetryLaterError(thrown)) {
    return { ...failure, counted: thrown.countAttempt, delayMs: read(() => durationToMs(thrown.delay)) };
  }
  return isNonRetryableError(thrown) ? { ...failure, canRetry: false } : failure;
}

/** Describes an error of Ratchet's own about a task. Its catalogue entry says whether a retry can help. */
export function describeOwn(error: RatchetError): Failure {
  return {
    ...describeThrown(error),
    name: error.name,
    code: error.code,
    canRetry: error.retryable,
    counted: error.code !== "RT120",
  };
}

function read<Value>(look: () => Value): Value | null {
  try {
    return look();
  } catch {
    return null;
  }
}

function nameOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return typeof thrown;
  }
  // JavaScript lets anything stand there.
  const name: unknown = thrown.name;
  return String(name);
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return typeof thrown === "string"
      ? thrown || "The handler threw an empty string."
      : `The handler threw ${inspect(thrown, { depth: 2 })}`;
  }
  return messagesOf(thrown, DEEPEST_CAUSE).join(": ") || "The handler threw an error without a message.";
}

/** `fetch failed: read ECONNRESET`: the cause is often what a person needs to know. */
function messagesOf(error: Error, depth: number): string[] {
  const own = error.message === "" ? gatheredIn(error, depth) : [error.message];
  if (!(error.cause instanceof Error) || depth === 0) {
    return own;
  }
  const ofCause = messagesOf(error.cause, depth - 1).filter((message) => !error.message.includes(message));
  return [...own, ...ofCause];
}

/** A refused connection to a host of several addresses says nothing itself; the errors of its addresses do. */
function gatheredIn(error: Error, depth: number): string[] {
  if (!(error instanceof AggregateError) || depth === 0) {
    return [];
  }
  const gathered = error.errors
    .slice(0, MOST_GATHERED)
    .map((each: unknown) =>
      each instanceof Error ? messagesOf(each, depth - 1).join(": ") : inspect(each, { depth: 0 }),
    )
    .filter((message) => message !== "");
  return gathered.length > 0 ? [gathered.join("; ")] : [];
}

function codeIn(thrown: unknown, depth: number): string | null {
  if (typeof thrown !== "object" || thrown === null) {
    return null;
  }
  if ("code" in thrown && typeof thrown.code === "string") {
    return clean(thrown.code, LONGEST_NAME);
  }
  return "cause" in thrown && depth > 0 ? codeIn(thrown.cause, depth - 1) : null;
}

/** Postgres stores neither NUL nor half of a surrogate pair; nobody reads a megabyte of message. */
function clean(text: string, longest: number): string {
  const storable = text.replaceAll("\0", "\u{FFFD}").toWellFormed();
  return storable.length > longest ? `${storable.slice(0, longest - 1).toWellFormed()}…` : storable;
}
