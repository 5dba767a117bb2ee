import { beforeEach, describe, expect, test, vi } from "vitest";

import type { Claim, ClaimAnswer } from "../../../src/database/calls/claims.ts";
import { type Claimer, type ClaimerOptions, createClaimer } from "../../../src/engine/claimer.ts";
import { createRecordingHub } from "../../engine/engine.ts";
import { type Deferred, deferred } from "../../support/waiting.ts";

const WORKER = 7;

type Answers = Map<string, ClaimAnswer>;

/** One call to Postgres that the test answers. */
interface Call extends Deferred<Answers> {
  readonly jobIds: readonly string[];
  readonly version: string | undefined;
}

let calls: Call[];
let handedBack: Pick<Claim, "jobId" | "fence">[][];
let running: Set<string>;
let taken: string[];
let stop: AbortController;
let claimer: Claimer;

function createTestClaimer(options: Partial<ClaimerOptions>): Claimer {
  return createClaimer({
    workerId: WORKER,
    claim: (jobIds, version) => {
      const call: Call = { ...deferred<Answers>(), jobIds, version };
      calls.push(call);
      return call.promise;
    },
    handBack: (claims) => {
      handedBack.push([...claims]);
      return Promise.resolve(claims.length);
    },
    isRunning: (jobId) => running.has(jobId),
    suspects: {
      take: (jobId) => {
        taken.push(jobId);
      },
    },
    events: createRecordingHub(),
    signal: stop.signal,
    mostJobs: 3,
    ...options,
  });
}

beforeEach(() => {
  calls = [];
  handedBack = [];
  running = new Set();
  taken = [];
  stop = new AbortController();
  // The first of a moment goes out alone.
  claimer = createTestClaimer({
    soon: (claim) => {
      claim();
    },
  });
});

function claimed(jobId: string, fence = 1): [string, ClaimAnswer] {
  const claim: Claim = {
    jobId,
    identifier: "three",
    version: "v",
    tenant: "default",
    fence,
    firstPosition: 1,
    payload: {},
    plan: [],
    maxAttempts: 5,
    createdAt: new Date(0),
    isSuspect: false,
    timeoutAt: null,
    timeoutInMs: null,
  };
  return [jobId, { outcome: "claimed", claim }];
}

function held(jobId: string, holder: number | null, fence: number | null): [string, ClaimAnswer] {
  return [jobId, { outcome: "held", holder, fence }];
}

async function nthCall(n: number): Promise<Call> {
  return vi.waitUntil(() => calls[n - 1], { interval: 1 });
}

async function outcomesOf(answers: readonly Promise<ClaimAnswer>[]): Promise<string[]> {
  return (await Promise.all(answers)).map(({ outcome }) => outcome);
}

describe("claims", () => {
  test("go out at once when nothing is in flight; what arrives meanwhile shares the next call", async () => {
    const answers = ["1", "2", "3"].map((jobId) => claimer.claim(jobId));
    expect(calls.map(({ jobIds }) => jobIds)).toStrictEqual([["1"]]);
    calls[0]?.resolve(new Map([claimed("1")]));
    const second = await nthCall(2);
    expect(second.jobIds).toStrictEqual(["2", "3"]);
    second.resolve(new Map([claimed("2"), held("3", 8, 4)]));
    expect(await outcomesOf(answers)).toStrictEqual(["claimed", "claimed", "held"]);
  });

  test("of one turn of the event loop share a call", async () => {
    const together = createTestClaimer({});
    const answers = ["1", "2", "3"].map((jobId) => together.claim(jobId));
    const only = await nthCall(1);
    expect(only.jobIds).toStrictEqual(["1", "2", "3"]);
    only.resolve(new Map([claimed("1"), claimed("2"), claimed("3")]));
    expect(await outcomesOf(answers)).toStrictEqual(["claimed", "claimed", "claimed"]);
  });

  test("beyond the most of one call wait for the next one, in their order", async () => {
    const answers = ["1", "2", "3", "4", "5"].map((jobId) => claimer.claim(jobId));
    calls[0]?.resolve(new Map([claimed("1")]));
    const second = await nthCall(2);
    expect(second.jobIds).toStrictEqual(["2", "3", "4"]);
    expect(await outcomesOf([claimer.claim("5")])).toStrictEqual(["held"]);
    second.resolve(new Map([claimed("2"), claimed("3"), claimed("4")]));
    const third = await nthCall(3);
    expect(third.jobIds).toStrictEqual(["5"]);
    third.resolve(new Map([claimed("5")]));
    expect(await outcomesOf(answers)).toStrictEqual(["claimed", "claimed", "claimed", "claimed", "claimed"]);
  });

  test("of one job twice at the same moment are one: the second caller is told that it is held", async () => {
    const inFlight = claimer.claim("1");
    const waiting = claimer.claim("2");
    expect(await outcomesOf([claimer.claim("1"), claimer.claim("2")])).toStrictEqual(["held", "held"]);
    calls[0]?.resolve(new Map([claimed("1")]));
    (await nthCall(2)).resolve(new Map([claimed("2")]));
    expect(await outcomesOf([inFlight, waiting])).toStrictEqual(["claimed", "claimed"]);
    expect(calls).toHaveLength(2);
  });

  test("are asked again once they are answered", async () => {
    const first = claimer.claim("1");
    calls[0]?.resolve(new Map([held("1", 8, 1)]));
    await first;
    const again = claimer.claim("1");
    (await nthCall(2)).resolve(new Map([claimed("1", 2)]));
    expect(await outcomesOf([again])).toStrictEqual(["claimed"]);
  });

  test("without an answer are missing", async () => {
    const answer = claimer.claim("1");
    calls[0]?.resolve(new Map());
    expect(await answer).toStrictEqual({ outcome: "missing", holder: null, fence: null });
  });

  test("are repeated through trouble", async () => {
    const answer = claimer.claim("1");
    calls[0]?.reject(new Error("the connection broke"));
    (await nthCall(2)).resolve(new Map([claimed("1")]));
    expect(await outcomesOf([answer])).toStrictEqual(["claimed"]);
  });

  test("reject when the session is closed, and the next batch is not kept from its own answer", async () => {
    const first = claimer.claim("1");
    const second = claimer.claim("2");
    first.catch(() => {});
    stop.abort();
    calls[0]?.reject(new Error("the pool has ended"));
    await expect(first).rejects.toThrow("the pool has ended");
    (await nthCall(2)).resolve(new Map([claimed("2")]));
    expect(await outcomesOf([second])).toStrictEqual(["claimed"]);
  });
});

describe("a claim whose answer got lost", () => {
  test("is handed back with its own fence and claimed anew; the others of its batch keep their answers", async () => {
    const blocking = claimer.claim("9");
    const answers = ["1", "2"].map((jobId) => claimer.claim(jobId));
    calls[0]?.resolve(new Map([claimed("9")]));
    await blocking;
    (await nthCall(2)).resolve(new Map([held("1", WORKER, 5), claimed("2", 3)]));
    const third = await nthCall(3);
    expect(handedBack).toStrictEqual([[{ jobId: "1", fence: 5 }]]);
    expect(third.jobIds).toStrictEqual(["1"]);
    third.resolve(new Map([claimed("1", 7)]));
    expect(await Promise.all(answers)).toMatchObject([{ claim: { fence: 7 } }, { claim: { fence: 3 } }]);
  });

  test.each([
    ["this process runs it", WORKER],
    ["another worker holds it", 8],
    ["nobody is known to hold it", null],
  ])("is not assumed when %s", async (_, holder) => {
    if (holder === WORKER) {
      running.add("1");
    }
    const answer = claimer.claim("1");
    calls[0]?.resolve(new Map([held("1", holder, 5)]));
    expect(await outcomesOf([answer])).toStrictEqual(["held"]);
    expect(handedBack).toStrictEqual([]);
  });
});

describe("rows that somebody locks", () => {
  const locked = (jobId: string): [string, ClaimAnswer] => [jobId, { outcome: "locked", holder: null, fence: 1 }];

  test("are the answer, if no earlier one was lost", async () => {
    const answer = claimer.claim("1");
    calls[0]?.reject(Object.assign(new Error("deadlock"), { code: "40P01", severity: "ERROR" }));
    (await nthCall(2)).resolve(new Map([locked("1")]));
    expect((await answer).outcome).toBe("locked");
  });

  test("are asked after until they are free, if our own COMMIT may hold them; nobody else waits for that", async () => {
    const first = claimer.claim("0");
    const answers = ["1", "2"].map((jobId) => claimer.claim(jobId));
    calls[0]?.resolve(new Map([claimed("0")]));
    await first;
    (await nthCall(2)).reject(new Error("Connection terminated unexpectedly"));
    (await nthCall(3)).resolve(new Map([locked("1"), claimed("2")]));
    expect((await answers[1])?.outcome).toBe("claimed");
    (await nthCall(4)).resolve(new Map([locked("1")]));
    const fifth = await nthCall(5);
    expect(fifth.jobIds).toStrictEqual(["1"]);
    fifth.resolve(new Map([held("1", WORKER, 7)]));
    const sixth = await nthCall(6);
    expect(handedBack).toStrictEqual([[{ jobId: "1", fence: 7 }]]);
    sixth.resolve(new Map([claimed("1", 8)]));
    expect((await answers[0])?.outcome).toBe("claimed");
  });
});

test("a claimed suspect takes its place", async () => {
  const answer = claimer.claim("1");
  const [jobId, suspect] = claimed("1");
  calls[0]?.resolve(
    new Map([
      [jobId, suspect.outcome === "claimed" ? { ...suspect, claim: { ...suspect.claim, isSuspect: true } } : suspect],
    ]),
  );
  await answer;
  expect(taken).toStrictEqual(["1"]);
});

test("claimUnknown asks for that version alone", async () => {
  const answer = claimer.claimUnknown("1", "old");
  expect(calls[0]).toMatchObject({ jobIds: ["1"], version: "old" });
  calls[0]?.resolve(new Map([claimed("1")]));
  expect(await outcomesOf([answer])).toStrictEqual(["claimed"]);
});
