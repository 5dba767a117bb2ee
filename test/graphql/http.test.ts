import { type IncomingHttpHeaders, type OutgoingHttpHeaders, Agent, request } from "node:http";
import { createServer } from "node:net";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { addSingle } from "../sql/fixtures.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { withAdmin } from "../support/databases.ts";
import { waitUntil } from "../support/waiting.ts";
import { GRAPHQL_PACKAGES, demandGraphqlPackages } from "../../src/http/graphqlPackages.ts";
import { ask, useServer } from "./server.ts";

const bench = useServer();

interface Exchange {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly agent?: Agent;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends a request as it is given, unlike fetch, which sets Host and Origin itself. */
function send(
  { method = "GET", path, headers = {}, body, agent }: Exchange,
  url = bench.server().url,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(`${url}${path}`, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    outgoing.on("error", reject).end(body);
  });
}

const JSON_TYPE = { "content-type": "application/json" };
const QUERY = JSON.stringify({ query: "{ __typename }" });

describe("who is answered", () => {
  test.each(["localhost", "127.0.0.1:5678", "[::1]", "LOCALHOST:80"])("a request to %s", async (host) => {
    const answer = await send({ method: "POST", path: "/graphql", headers: { ...JSON_TYPE, host }, body: QUERY });
    expect(answer).toMatchObject({ status: 200, text: '{"data":{"__typename":"Query"}}' });
  });

  test.each(["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:5678", "169.254.0.1"])(
    'not one to "%s", which a page of another site can let lead here',
    async (host) => {
      for (const path of ["/graphql", "/ruru", "/healthz", "/"]) {
        const answer = await send({ method: "POST", path, headers: { ...JSON_TYPE, host }, body: QUERY });
        expect([400, 421]).toContain(answer.status);
        expect(answer.text).not.toContain("data");
      }
    },
  );

  test.each(["https://evil.example", "null", "http://127.0.0.1.evil.example"])(
    "not one that a page of %s has sent",
    async (origin) => {
      const answer = await send({ method: "POST", path: "/graphql", headers: { ...JSON_TYPE, origin }, body: QUERY });
      expect(answer.status).toBe(403);
    },
  );

  test("not one that a form or a script can send to another site without asking: other types, GET, a preflight", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
      const answer = await send({ method: "POST", path: "/graphql", headers: { "content-type": type }, body: QUERY });
      expect(answer.status).toBe(415);
    }
    const untyped = await send({ method: "POST", path: "/graphql", body: QUERY });
    expect(untyped.status).toBe(400);
    const get = await send({ path: `/graphql?query=${encodeURIComponent("{ __typename }")}` });
    expect(get).toMatchObject({ status: 405, headers: { allow: "POST" } });
    const preflight = await send({ method: "OPTIONS", path: "/graphql", headers: { origin: "http://localhost" } });
    expect(preflight.status).toBe(405);
    expect(preflight.headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("what is served", () => {
  test("a page that lists it, and nothing elsewhere", async () => {
    const home = await send({ path: "/" });
    expect(home).toMatchObject({ status: 200, headers: { "content-type": "text/html; charset=utf-8" } });
    for (const [, path = ""] of home.text.matchAll(/href="(?<path>[^"]+)"/gv)) {
      expect((await send({ path })).status).toBe(200);
    }
    expect((await send({ path: "/wp-login.php" })).status).toBe(404);
    expect(await send({ method: "HEAD", path: "/" })).toMatchObject({ status: 200, text: "" });
  });

  test("Ruru, from this server alone", async () => {
    const page = await send({ path: "/ruru" });
    expect(page.headers["content-security-policy"]).toMatch(/^default-src 'self'/v);
    expect(page.text).toContain("<title>Ratchet");
    const sources = [...page.text.matchAll(/(?:src|href)="(?<path>[^"]+)"/gv)].map(
      (found) => found.groups?.["path"] ?? "",
    );
    expect(sources.length).toBeGreaterThan(0);
    for (const path of sources) {
      expect(path).toMatch(/^\/ruru-static\//v);
      expect((await send({ path })).status).toBe(200);
    }
  });

  test("a body over the limit is refused", async () => {
    const body = JSON.stringify({ query: `{ __typename } # ${"x".repeat(100_000)}` });
    expect((await send({ method: "POST", path: "/graphql", headers: JSON_TYPE, body })).status).toBe(413);
  });
});

test("health follows the database, and GraphQL works again when it is back", async () => {
  const healthz = () => send({ path: "/healthz" });
  expect(await healthz()).toMatchObject({ status: 200, text: '{"database":"ok"}' });
  const database = new URL(bench.sql.url()).pathname.slice(1);
  const server = bench.sql.url().replace(database, "postgres");
  await withAdmin(server, async (admin) => {
    await admin.query(`alter database ${database} allow_connections false`);
    await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database]);
    expect(await waitUntil(async () => ((await healthz()).status === 503 ? healthz() : null))).toMatchObject({
      status: 503,
      text: '{"database":"unreachable"}',
    });
    const { errors } = await bench.ask("{ jobs { totalCount } }");
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).not.toContain(database);
    await admin.query(`alter database ${database} allow_connections true`);
  });
  await waitUntil(async () => (await healthz()).status === 200);
  expect((await bench.ask("{ jobs { totalCount } }")).errors).toStrictEqual([]);
});

describe("closing", () => {
  test("lets a request in progress end, on a connection that would stay open, and takes no more", async () => {
    // Longer than the test may take: nothing here may wait for the end of the grace.
    const server = await bench.start({ shutdownGraceMs: 600_000 });
    await server.ready;
    const { id } = await addSingle(bench.sql);
    const agent = new Agent({ keepAlive: true });
    await send({ path: "/healthz", agent }, server.url);
    const lock = await bench.sql.pool().connect();
    try {
      await lock.query("begin");
      await lock.query("lock table ratchet.task_failures in access exclusive mode");
      const slow = send(
        {
          method: "POST",
          path: "/graphql",
          headers: JSON_TYPE,
          body: JSON.stringify({ query: `{ job(id: ${id}) { failures { totalCount } } }` }),
          agent,
        },
        server.url,
      );
      await waitUntil(() =>
        bench.sql.value(
          "select count(*) > 0 from pg_locks where not granted and relation = 'ratchet.task_failures'::regclass",
        ),
      );
      const closing = server.close();
      expect(server.close()).toBe(closing);
      await expect(send({ path: "/healthz" }, server.url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      await lock.query("commit");
      expect(await slow).toMatchObject({ status: 200 });
      await closing;
    } finally {
      lock.release();
      agent.destroy();
    }
  });

  test("cuts off what does not end within the grace", async () => {
    const server = await bench.start({ shutdownGraceMs: 50 });
    await server.ready;
    const lock = await bench.sql.pool().connect();
    try {
      await lock.query("begin");
      await lock.query("lock table ratchet.task_failures in access exclusive mode");
      const stuck = ask(server, "{ taskFailures { totalCount } }").catch((error: unknown) => error);
      await waitUntil(() =>
        bench.sql.value(
          "select count(*) > 0 from pg_locks where not granted and relation = 'ratchet.task_failures'::regclass",
        ),
      );
      await server.close();
      expect(await stuck).toBeInstanceOf(Error);
      expect(bench.logLines.map(({ msg }) => msg)).toContain(
        "requests were cut off: they did not end within the grace",
      );
    } finally {
      await lock.query("rollback");
      lock.release();
    }
  });

  test("before it was ready is as good", async () => {
    const server = await bench.start();
    await server.close();
    await expect(send({ path: "/" }, server.url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("starting is refused", () => {
  test("on a taken port", async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, "127.0.0.1", () => {
        resolve((blocker.address() as { port: number }).port);
      });
    });
    try {
      await expect(bench.start({ port })).rejects.toMatchObject({
        code: "RT104",
        message: expect.stringContaining(String(port)),
        hint: expect.stringContaining("--port"),
      });
    } finally {
      blocker.close();
    }
  });

  test.each(["0.0.0.0", "::", "192.168.1.7", "example.com"])(
    "on %s, unless that is said to be wanted",
    async (host) => {
      await expect(bench.start({ host })).rejects.toMatchObject({
        code: "RT110",
        hint: expect.stringContaining("RATCHET_ALLOW_REMOTE"),
      });
    },
  );

  test.each(["192.0.2.1", "no-such-host.invalid"])("on %s, which is another machine's or nobody's", async (host) => {
    await expect(bench.start({ host, allowRemote: true })).rejects.toMatchObject({
      code: "RT110",
      message: `The server cannot listen on "${host}": this machine has no such address.`,
    });
  });

  test("but not on 0.0.0.0 in a container, where the log warns of it; the host is checked all the same", async () => {
    const server = await bench.start({ host: "0.0.0.0", allowRemote: true });
    await server.ready;
    const { port } = new URL(server.url);
    expect((await send({ path: "/healthz" }, `http://127.0.0.1:${port}`)).status).toBe(200);
    expect((await send({ path: "/healthz", headers: { host: "server" } }, `http://127.0.0.1:${port}`)).status).toBe(
      421,
    );
    expect(bench.logLines.map(({ msg }) => msg)).toContain(
      "there is no authentication, and the server listens beyond this machine: whoever reaches it reads and changes every job",
    );
  });

  test("on a database that is not migrated; the port is free again", async () => {
    const empty = await createEmptyDatabase();
    try {
      const server = await bench.start({ connectionString: empty.url });
      await expect(server.ready).rejects.toMatchObject({ code: "RT106" });
      const again = await bench.start({ port: Number(new URL(server.url).port) });
      await again.ready;
    } finally {
      await empty.drop();
    }
  });

  test("without the packages of GraphQL, and the error says how to install them; package.json has the same versions", async () => {
    expect(() => {
      demandGraphqlPackages((name) => name !== "postgraphile");
    }).toThrow("The GraphQL API needs packages that are not installed: postgraphile.");
    const manifest = JSON.parse(await readFile(join(import.meta.dirname, "../../package.json"), "utf8")) as {
      peerDependencies: object;
    };
    expect(manifest.peerDependencies).toMatchObject(GRAPHQL_PACKAGES);
    const line = Object.entries(GRAPHQL_PACKAGES).map(([name, version]) => `${name}@${version}`);
    expect(() => {
      demandGraphqlPackages(() => false);
    }).toThrow(expect.objectContaining({ code: "RT131", hint: `npm install ${line.join(" ")}` }));
  });
});
