import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { chromium } from "playwright-core";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type JobsClient, createJobsClient } from "../../examples/graphql/client.ts";
import { generateTypes } from "../../examples/graphql/generate.ts";
import { AddJobDocument, JobChangedDocument, NewestJobsDocument } from "../../examples/graphql/generated.ts";
import { registerDefinitions } from "../../src/database/calls/definitions.ts";
import { definitionRow } from "../../src/worker/definitions.ts";
import publishListing from "../../tasks/publish_listing.ts";
import { useServer } from "../graphql/server.ts";
import { addSingle, addWorker, runJob } from "../sql/fixtures.ts";
import { findChromium, run } from "../support/programs.ts";
import { waitUntil } from "../support/waiting.ts";

const FOLDER = join(import.meta.dirname, "../../examples/graphql");
const PRODUCT = { sku: "J-1", title: "Jacket", price: 79, currency: "EUR", images: ["a.png", "b.png", "c.png"] };

const chromiumPath = findChromium();

const bench = useServer();
let url: string;
let client: JobsClient;

beforeAll(async () => {
  await registerDefinitions(bench.sql.pool(), [definitionRow("publish_listing", publishListing)], true);
  url = `${bench.server().url}/graphql`;
  client = createJobsClient({ url });
});

afterAll(() => client.close());

function announce(id: string): Promise<unknown> {
  return bench.sql.rows("select ratchet_private.announce(array[$1::bigint])", [id]);
}

test("the generated types are those of schema.graphql", async () => {
  const [schema, operations] = await Promise.all([
    readFile(join(FOLDER, "../../schema.graphql"), "utf8"),
    readFile(join(FOLDER, "operations.graphql"), "utf8"),
  ]);
  const text = await generateTypes(schema, operations);
  const file = join(FOLDER, "generated.ts");
  if (process.env["UPDATE_GRAPHQL_SCHEMA"] === "1") {
    await writeFile(file, text);
  }
  expect(
    text,
    "schema.graphql or the operations have changed: UPDATE_GRAPHQL_SCHEMA=1 npx vitest run test/examples/graphql.test.ts",
  ).toBe(await readFile(file, "utf8"));
});

describe("the typed client", () => {
  test("adds a job, lists it and follows it to its end", async () => {
    const { addJob } = await client.ask(AddJobDocument, {
      input: { identifier: "publish_listing", payload: PRODUCT },
    });
    const id = addJob?.job.id ?? "";
    const { jobs } = await client.ask(NewestJobsDocument, {
      first: 3,
      filter: { identifier: { equalTo: "publish_listing" } },
    });
    expect(jobs?.nodes).toMatchObject([{ id, status: "PENDING", tasks: { nodes: { length: 5 } } }]);

    const seen: string[] = [];
    const stop = client.subscribe(
      JobChangedDocument,
      { id },
      {
        onData: ({ jobChanged }) => {
          seen.push(jobChanged?.status ?? "none");
        },
        onTrouble: (error) => {
          seen.push(error.message);
        },
      },
    );
    await waitUntil(() => seen.includes("PENDING"));
    await bench.sql.rows("select ratchet.cancel_job($1)", [id]);
    await waitUntil(() => seen.includes("CANCELLED"));
    expect(seen).toStrictEqual(["PENDING", "CANCELLED"]);
    stop();
  });

  test("throws what the server says, with code and hint", async () => {
    await expect(client.ask(AddJobDocument, { input: { identifier: "no_such" } })).rejects.toMatchObject({
      message: expect.stringContaining("no_such"),
      cause: [{ extensions: { code: "RT001" } }],
    });
  });
});

describe("from elsewhere", () => {
  test("fetch alone", async () => {
    const output = await run(process.execPath, [join(FOLDER, "fetch.js"), url]);
    expect(output).toMatch(/^Job \d+ is PENDING and has 5 tasks\.$/mv);
  });

  test("curl", async () => {
    const job = await addSingle(bench.sql);
    const output = await run("sh", [join(FOLDER, "newest.sh"), url]);
    expect(JSON.parse(output)).toMatchObject({
      data: { jobs: { nodes: expect.arrayContaining([expect.objectContaining({ id: job.id, status: "PENDING" })]) } },
    });
  });
});

describe.runIf(chromiumPath !== null)("the React hook", () => {
  let page: { readonly url: string; readonly close: () => void };

  beforeAll(async () => {
    const bundle = await rolldown({
      input: join(import.meta.dirname, "graphqlPage.ts"),
      platform: "browser",
      transform: { define: { "process.env.NODE_ENV": '"production"' } },
    });
    const { output } = await bundle.generate({ format: "iife" });
    const server = createServer((_request, response) => {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(
        `<!doctype html><body></body><script>${output[0].code.replaceAll("</script", String.raw`<\/script`)}</script>`,
      );
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    page = {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      close: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  });

  afterAll(() => {
    page.close();
  });

  test("shows in a browser how the job is, at each moment", async () => {
    const job = await addSingle(bench.sql);
    const browser = await chromium.launch({
      executablePath: chromiumPath ?? "",
      args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
    });
    try {
      const tab = await browser.newPage();
      await tab.goto(`${page.url}#${encodeURIComponent(JSON.stringify({ url, id: job.id }))}`);
      const shown = tab.locator("output");
      await shown.filter({ hasText: "PENDING 0" }).waitFor();
      const worker = await addWorker(bench.sql);
      await runJob(bench.sql, worker, job.id);
      await announce(job.id);
      await shown.filter({ hasText: "COMPLETED" }).waitFor();
      expect(await shown.textContent()).toBe("COMPLETED 1");
    } finally {
      await browser.close();
    }
  });
});
