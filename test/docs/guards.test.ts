import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { ROOT } from "./pages.ts";

interface Guard {
  readonly title: string;
  readonly file: string;
}

async function page(): Promise<string> {
  return readFile(join(ROOT, "docs/reliability.md"), "utf8");
}

/** The tests that a text names, as links with a title to a test file. */
function guardsIn(text: string): Guard[] {
  return [...text.matchAll(/\[(?<title>[^\]]+)\]\(\.\.\/(?<file>test\/[^\)#]+\.test\.ts)\)/gv)].map((match) => ({
    title: match.groups?.["title"] ?? "",
    file: match.groups?.["file"] ?? "",
  }));
}

/** Whether a source has a test of this title, or a row of a `test.each` of this name. */
function hasTest(source: string, title: string): boolean {
  return ['"', "'", "`"].some((quote) => {
    const literal = `${quote}${title}${quote}`;
    return source
      .split(literal)
      .slice(0, -1)
      .some((before) => /(?:\b(?:test|describe)(?:\.each\(.*\))?\(|\)\(|\bname:)\s*$/sv.test(before.slice(-200)));
  });
}

test("every test that the page of promises names is there, under its title", async () => {
  // The link to this very file has no test's title.
  const guards = guardsIn(await page()).filter(({ file }) => !file.startsWith("test/docs/"));
  expect(guards.length).toBeGreaterThan(25);
  const missing: string[] = [];
  for (const { title, file } of guards) {
    const source = await readFile(join(ROOT, file), "utf8").catch(() => "");
    if (!hasTest(source, title)) {
      missing.push(`${file}: ${title}`);
    }
  }
  expect(missing).toStrictEqual([]);
});

test("every promise has a test", async () => {
  const rows = [...(await page()).matchAll(/^\| (?<number>\d+) +\| (?<cells>.*)$/gmv)];
  expect(rows.map((row) => row.groups?.["number"])).toStrictEqual(Array.from(rows, (_, index) => `${index + 1}`));
  expect(rows.length).toBeGreaterThan(10);
  expect(
    rows.filter((row) => guardsIn(row.groups?.["cells"] ?? "").length === 0).map((row) => row.groups?.["number"]),
  ).toStrictEqual([]);
});

test("every rule of ratchet.violations is explained, and no other", async () => {
  const sql = await readFile(join(ROOT, "sql/schema/functions/ratchet_private.find_violations.sql"), "utf8");
  const rules = new Set([...sql.matchAll(/^ {4}select '(?<rule>[^']+)', /gmv)].map((match) => match.groups?.["rule"]));
  const section = (await page()).split("\n## See for yourself\n")[1]?.split("\n## ")[0] ?? "";
  const explained = new Set([...section.matchAll(/^\| `(?<rule>[^`]+)`/gmv)].map((match) => match.groups?.["rule"]));
  expect(rules.size).toBeGreaterThan(5);
  expect(explained).toStrictEqual(rules);
});
