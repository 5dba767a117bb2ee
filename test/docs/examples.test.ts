import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import publishListing from "../../tasks/publish_listing.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import { type TestDatabase, createTestDatabase } from "../support/database.ts";

const ROOT = resolve(import.meta.dirname, "../..");
let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await registerDefinitions(database.pool, [definitionRow("publish_listing", publishListing)], true);
});

afterAll(async () => {
  await database.drop();
});

async function pages(): Promise<string[]> {
  const docs = await readdir(join(ROOT, "docs"), { recursive: true });
  return [
    "README.md",
    "ARCHITECTURE.md",
    ...docs.filter((name) => name.endsWith(".md")).map((name) => join("docs", name)),
  ];
}

async function blocks(page: string, language: string): Promise<string[]> {
  const text = await readFile(join(ROOT, page), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(?<code>.*?)^\`\`\``, "gmsv"))].map(
    (match) => match.groups?.["code"] ?? "",
  );
}

test("every SQL block in the documents runs", async () => {
  const client = await database.pool.connect();
  try {
    let count = 0;
    for (const page of await pages()) {
      for (const block of await blocks(page, "sql")) {
        await expect(client.query(block), `${page}:\n${block}`).resolves.toBeDefined();
        count++;
      }
    }
    expect(count).toBeGreaterThan(1);
  } finally {
    client.release();
  }
});

test("every TypeScript block in the documents compiles", async () => {
  const folder = join(inject("testRunFolder"), "examples");
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const page of await pages()) {
    for (const block of await blocks(page, "ts")) {
      const file = join(folder, `example${files.length + 1}.ts`);
      await writeFile(file, block);
      files.push(file);
    }
  }
  expect(files.length).toBeGreaterThan(0);
  const config = {
    extends: join(ROOT, "tsconfig.json"),
    compilerOptions: {
      paths: { "pg-ratchet": [join(ROOT, "src/index.ts")], zod: [join(ROOT, "node_modules/zod/index.d.ts")] },
      typeRoots: [join(ROOT, "node_modules/@types")],
    },
    include: [],
    files,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout, status } = spawnSync(process.execPath, [compiler, "-p", folder], { encoding: "utf8" });
  expect({ stdout, status }).toStrictEqual({ stdout: "", status: 0 });
});

test("every link in the documents leads to a file", async () => {
  const dead: string[] = [];
  for (const page of await pages()) {
    const text = await readFile(join(ROOT, page), "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?<target>[^\)#:]+)(?:#[^\)]*)?\)/gv)) {
      const path = join(ROOT, dirname(page), target);
      if (!existsSync(path)) {
        dead.push(`${page}: ${relative(ROOT, path)}`);
      }
    }
  }
  expect(dead).toStrictEqual([]);
});

test("every command of the package that the README shows exists", async () => {
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { readonly scripts: object };
  const commands = (await blocks("README.md", "sh")).join("\n");
  for (const [, script = ""] of commands.matchAll(/npm run (?<script>[\w:]+)/gv)) {
    expect(manifest.scripts).toHaveProperty([script]);
  }
});
