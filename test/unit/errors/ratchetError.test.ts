import { expect, test, vi } from "vitest";

import { ERROR_CATALOGUE } from "../../../src/errors/catalogue.ts";
import { isRatchetError, RatchetError } from "../../../src/errors/ratchetError.ts";

test("an error takes hint and retryable from the catalogue", () => {
  const error = new RatchetError("RT104", "Port 5432 is taken.");
  expect(error).toMatchObject({
    name: "RatchetError",
    code: "RT104",
    message: "Port 5432 is taken.",
    hint: ERROR_CATALOGUE.RT104.advice,
    detail: undefined,
    retryable: false,
  });
  expect(error).not.toHaveProperty("cause");
});

test("detail, hint, retryable and cause of the case at hand win", () => {
  const cause = new Error("EADDRINUSE");
  const options = { detail: "Process 7 listens.", hint: "Use port 5433.", retryable: true, cause };
  expect(new RatchetError("RT104", "Port 5432 is taken.", options)).toMatchObject(options);
});

test("an error of another copy of the package is recognised, a look-alike is not", async () => {
  vi.resetModules();
  const copy = await import("../../../src/errors/ratchetError.ts");
  expect(copy.RatchetError).not.toBe(RatchetError);
  expect(isRatchetError(new copy.RatchetError("RT101", "Down."))).toBe(true);
  expect(isRatchetError(Object.assign(new Error("Down."), { code: "RT101" }))).toBe(false);
  expect(isRatchetError(null)).toBe(false);
});
