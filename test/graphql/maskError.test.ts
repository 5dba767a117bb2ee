import { GraphQLError } from "graphql";
import { pino } from "pino";
import { expect, test } from "vitest";

import { createMaskError } from "../../src/graphql/maskError.ts";

const lines: string[] = [];
const log = pino(
  { base: null },
  {
    write: (line) => {
      lines.push(line);
    },
  },
);
const mask = createMaskError(() => log);

function thrown(message: string, code: string): GraphQLError {
  return new GraphQLError(message, { path: ["jobs"], originalError: Object.assign(new Error(message), { code }) });
}

test("what was thrown while a query was planned has no place in it and is hidden", () => {
  const masked = mask(new GraphQLError("secret plan"));
  expect(masked.message).not.toContain("secret");
  expect(masked.extensions).toMatchObject({ code: "RT134", reference: expect.any(String) });
  expect(lines.at(-1)).toContain("secret plan");
  expect(lines.at(-1)).toContain(String(masked.extensions["reference"]));
});

test("a database that cannot be reached is said, but not where it is", () => {
  const masked = mask(thrown("connect ECONNREFUSED 10.1.2.3:5432", "ECONNREFUSED"));
  expect(masked).toMatchObject({
    message: "Postgres cannot be reached at the moment.",
    path: ["jobs"],
    extensions: { code: "RT101", retryable: true },
  });
  expect(JSON.stringify(masked)).not.toContain("10.1.2.3");
});

test("missing rights come with Ratchet's code and advice", () => {
  expect(mask(thrown("permission denied for table jobs", "42501")).extensions).toMatchObject({ code: "RT103" });
});

test("rights that a token's role has not are said, but not which; the log has them", () => {
  const masked = createMaskError(
    () => log,
    () => true,
  )(thrown("permission denied for table workers", "42501"));
  expect(masked).toMatchObject({ message: "Your role may not do this.", extensions: { code: "RT154" } });
  expect(JSON.stringify(masked)).not.toContain("workers");
  expect(lines.at(-1)).toContain("permission denied for table workers");
});
