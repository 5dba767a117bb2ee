import { existsSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { anchorsOf, linksOf, readPages, ROOT } from "./pages.ts";

test("every link in the documents leads to a file, and to a heading that is there", async () => {
  const pages = await readPages();
  const dead: string[] = [];
  for (const page of pages) {
    for (const { target, path, anchor } of linksOf(page)) {
      const goal = pages.find((other) => other.name === path);
      if (
        !existsSync(join(ROOT, path)) ||
        (anchor !== undefined && goal !== undefined && !anchorsOf(goal).includes(anchor))
      ) {
        dead.push(`${page.name}: ${target}`);
      }
    }
  }
  expect(dead).toStrictEqual([]);
});

test("every page can be reached from the README", async () => {
  const pages = await readPages();
  const reached = new Set<string>();
  const queue = ["README.md"];
  for (const name of queue) {
    const page = pages.find((other) => other.name === name);
    if (page !== undefined && !reached.has(name)) {
      reached.add(name);
      queue.push(...linksOf(page).map(({ path }) => path));
    }
  }
  const unreached = pages.map(({ name }) => name).filter((name) => !reached.has(name));
  expect(unreached).toStrictEqual([]);
});
