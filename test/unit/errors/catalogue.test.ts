import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import type { ErrorCatalogueEntry } from "../../../src/errors/catalogueEntry.ts";
import { ERROR_CATALOGUE, isRatchetErrorCode } from "../../../src/errors/catalogue.ts";

const projectFolder = join(import.meta.dirname, "../../..");

const entries: [string, ErrorCatalogueEntry][] = Object.entries(ERROR_CATALOGUE);
const codes = entries.map(([code]) => code);

function read(path: string): string {
  return readFileSync(join(projectFolder, path), "utf8");
}

/** The codes that `pattern`'s group `code` finds in all files of `glob`, without repetition, in order. */
function codesIn(glob: string, pattern: RegExp): string[] {
  const files = globSync(glob, { cwd: projectFolder }).filter((path) => path !== join("src", "errors", "catalogue.ts"));
  const found = files.flatMap((path) => [...read(path).matchAll(pattern)].map((match) => match.groups?.["code"] ?? ""));
  return [...new Set(found)].toSorted();
}

/** `docs/errors.md` by code: the section's heading and text. */
const sections = new Map(
  read("docs/errors.md")
    .split(/^### /mv)
    .slice(1)
    .map((section) => [section.slice(0, 5), section.split("\n## ")[0] ?? ""]),
);

describe("docs/errors.md", () => {
  test("has one section a code, in order, and no other", () => {
    expect([...sections.keys()]).toStrictEqual(codes.toSorted());
  });

  test.each(entries)("%s: example, what happened, why, what to do next, whether it is retryable", (code, entry) => {
    const section = sections.get(code) ?? "";
    expect(section.startsWith(`${code} ${entry.name}\n`)).toBe(true);
    expect(section).toMatch(/^> .+/mv);
    expect(section).toContain(`**What happened:** ${entry.summary}\n`);
    expect(section).toMatch(/^\*\*Why:\*\* .+/mv);
    expect(section).toMatch(/^\*\*What to do next:\*\* .+/mv);
    expect(section).toContain(`Retryable: ${entry.retryable ? "yes" : "no"}.`);
  });
});

describe("the catalogue", () => {
  test("gives each code a name of its own, one sentence and advice", () => {
    expect(new Set(entries.map(([, { name }]) => name)).size).toBe(entries.length);
    for (const [code, entry] of entries) {
      expect(code).toMatch(/^RT[01]\d{2}$/v);
      expect(entry.name).toMatch(/^[a-z_]+$/v);
      expect(entry.summary).toMatch(/^[A-Z].*\.$/v);
      expect(entry.advice).toMatch(/^[A-Z].*\.$/v);
    }
  });

  test("knows its codes", () => {
    expect(isRatchetErrorCode("RT001")).toBe(true);
    expect(isRatchetErrorCode("RT999")).toBe(false);
    expect(isRatchetErrorCode("toString")).toBe(false);
  });
});

describe("codes in use", () => {
  const inSql = codesIn("sql/**/*.sql", /'(?<code>RT\d{3})'/gv);
  // A comparison is no use that keeps a code alive.
  const inTypeScript = codesIn("src/**/*.ts", /(?<![=!]== )"(?<code>RT\d{3})"/gv);

  test("the SQL files name no code that the catalogue lacks", () => {
    expect(inSql.filter((code) => !isRatchetErrorCode(code))).toStrictEqual([]);
  });

  test("each code RT0xx is raised in SQL", () => {
    expect(codes.filter((code) => code < "RT1" && !inSql.includes(code))).toStrictEqual([]);
  });

  test("each code RT1xx is raised in TypeScript", () => {
    expect(codes.filter((code) => code >= "RT1" && !inTypeScript.includes(code))).toStrictEqual([]);
  });
});
