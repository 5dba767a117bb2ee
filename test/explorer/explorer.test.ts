import { describe, expect, test } from "vitest";

import { createTestDatabase } from "../support/database.ts";
import { createLaboratory, type Laboratory } from "./laboratory.ts";
import { MUTATIONS, type Mutation } from "./mutations.ts";
import { reportCounterexample, reportExploration, stepsOf } from "./report.ts";
import { CI_SCOPES, type Scope } from "./scopes.ts";
import { beginning, explore, findShortest, replay } from "./search.ts";

const TIMEOUT_MS = 300_000;

async function inLaboratory<Result>(
  mutation: Mutation | null,
  work: (lab: Laboratory) => Promise<Result>,
): Promise<Result> {
  const database = await createTestDatabase();
  try {
    const lab = await createLaboratory(database.url, mutation?.edits);
    try {
      return await work(lab);
    } finally {
      await lab.close();
    }
  } finally {
    await database.drop();
  }
}

describe("every state that the SQL functions can be driven into", () => {
  test.each(CI_SCOPES.map((scope) => [scope.name, scope] as const))(
    "%s: keeps the promises",
    async (_, scope) => {
      await inLaboratory(null, async (lab) => {
        const exploration = await explore(lab, await beginning(lab, scope), scope);
        process.stdout.write(reportExploration(exploration));
        const { counterexample } = exploration;
        expect(counterexample === null ? "" : reportCounterexample(counterexample)).toBe("");
        expect(exploration.ends).toBeGreaterThan(0);
        expect(exploration.states).toBeGreaterThan(100);
      });
    },
    TIMEOUT_MS,
  );
});

describe("a rule taken out of them", () => {
  test.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))(
    "%s: is missed",
    async (_, mutation) => {
      await inLaboratory(mutation, async (lab) => {
        const scope = scopeOf(mutation);
        const start = await beginning(lab, scope);
        const { counterexample } = await explore(lab, start, scope);
        expect(counterexample?.broken).not.toStrictEqual([]);
        expect(counterexample).not.toBeNull();
      });
    },
    TIMEOUT_MS,
  );

  test(
    "the claim without its second look at the rows: the shortest trace ends with two live workers in one job, and can be done again",
    async () => {
      const mutation = MUTATIONS.find(({ name }) => name === "claim without reading again") ?? null;
      expect(mutation).not.toBeNull();
      await inLaboratory(mutation, async (lab) => {
        const scope = scopeOf({ scope: "claims" });
        const start = await beginning(lab, scope);
        const found = await findShortest(lab, start, scope);
        expect(found?.broken.join("\n")).toMatch(
          /^W\d has claimed the job while W\d runs it, and nobody took it from W\d$/v,
        );
        const text = reportCounterexample(found ?? { trace: [], broken: [] });
        process.stdout.write(text);
        expect(await replay(lab, start, scope, stepsOf(text))).toStrictEqual(found);
      });
    },
    TIMEOUT_MS,
  );
});

test.each(MUTATIONS.flatMap(({ name, edits }) => edits.map((edit) => [name, edit] as const)))(
  "%s: a text that has changed is refused",
  (_, edit) => {
    expect(() => edit.change("select 1")).toThrow(/has changed/v);
  },
);

function scopeOf({ scope: wanted }: Pick<Mutation, "scope">): Scope {
  const scope = CI_SCOPES.find(({ name }) => name === wanted);
  if (scope === undefined) {
    throw new Error(`There is no scope "${wanted}".`);
  }
  return scope;
}
