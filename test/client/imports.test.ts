import { join, relative, sep } from "node:path";
import { rolldown } from "rolldown";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** The files that a program of this file consists of: those that it loads at its start, and those that it may load later. */
async function bundle(entry: string) {
  const build = await rolldown({
    input: join(ROOT, entry),
    platform: "node",
    cwd: ROOT,
    external: ["pg-native"],
    // Whatever is imported counts, used or not.
    treeshake: false,
    resolve: { conditionNames: ["ratchet-source", "import", "node", "default"] },
  });
  try {
    const { output } = await build.generate({ format: "esm" });
    const chunks = output.filter((part) => part.type === "chunk");
    const atStart = new Set<string>();
    const visit = (fileName: string): void => {
      const chunk = chunks.find((each) => each.fileName === fileName);
      if (chunk !== undefined && !atStart.has(fileName)) {
        atStart.add(fileName);
        for (const imported of chunk.imports) {
          visit(imported);
        }
      }
    };
    for (const chunk of chunks) {
      if (chunk.isEntry) {
        visit(chunk.fileName);
      }
    }
    const filesOf = (parts: typeof chunks) =>
      parts.flatMap(({ moduleIds }) => moduleIds.map((id) => relative(ROOT, id).replaceAll(sep, "/")));
    return {
      all: filesOf(chunks),
      atStart: filesOf(chunks.filter(({ fileName }) => atStart.has(fileName))),
      code: chunks.map(({ code }) => code).join("\n"),
    };
  } finally {
    await build.close();
  }
}

/** What a service has no use for. */
const NOT_FOR_SERVICES =
  /^(?:tasks|examples)\/|^src\/(?:cli|config|engine|graphql|http|telemetry|testing|worker)\/|node_modules\/(?:graphile|graphql|grafast|pino|postgraphile|zod|commander)/v;

test.each(["src/index.ts", "test/client/bundledService.ts"])(
  "%s brings no worker, no server and no command",
  async (entry) => {
    const { all } = await bundle(entry);
    expect(all).toContain("src/client/createRatchet.ts");
    expect(all.filter((file) => NOT_FOR_SERVICES.test(file))).toStrictEqual([]);
  },
);

test("a service that knows a definition's types brings none of its code", async () => {
  const { code } = await bundle("test/client/bundledService.ts");
  expect(code).toContain("publish_listing");
  expect(code).not.toContain("MARKETPLACE_URL");
  expect(code).not.toContain("Upload image");
});

test("the database driver and the schema validator are loaded when they are needed, not before", async () => {
  const { all, atStart } = await bundle("src/index.ts");
  const heavy = (files: readonly string[]) => files.filter((file) => /node_modules\/(?:ajv|pg)\//v.test(file));
  expect(heavy(all).length).toBeGreaterThan(0);
  expect(heavy(atStart)).toStrictEqual([]);
});
