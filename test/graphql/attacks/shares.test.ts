import { type Socket, connect } from "node:net";

import { expect, onTestFinished, test } from "vitest";

import { waitUntil } from "../../support/waiting.ts";
import { openSocket } from "../authentication/sockets.ts";
import { signToken } from "../authentication/tokens.ts";
import { TEST_TOKENS, useServer } from "../server.ts";

const bench = useServer({ tokens: TEST_TOKENS, maxConnections: 5, socketLimits: { operationsOfCaller: 3 } });
const BOB = { ratchet_tenant: "B", sub: "bob" };

/** A request whose body never ends. */
function trickle(token: string): Socket {
  const socket = connect(Number(new URL(bench.server().url).port), "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on("error", () => {});
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{`,
  );
  return socket;
}

test("requests without end of one caller leave room for others, and end with their connections", async () => {
  const token = await signToken();
  const sockets = Array.from({ length: 100 }, () => trickle(token));
  await waitUntil(async () => (await bench.askAs({}, "{ __typename }")).status === 503);
  const { errors } = await bench.askAs({}, "{ __typename }");
  expect(errors).toMatchObject([{ extensions: { code: "RT156", retryable: true } }]);
  expect((await bench.askAs(BOB, "{ __typename }")).status).toBe(200);
  for (const socket of sockets) {
    socket.destroy();
  }
  await waitUntil(async () => (await bench.askAs({}, "{ __typename }")).status === 200);
});

test("statements that take long leave connections for other tenants", async () => {
  // Whoever holds this lock lets every reader wait.
  const holder = await bench.sql.pool().connect();
  await holder.query("begin");
  await holder.query("lock table ratchet.jobs in access exclusive mode");
  const slow = Array.from({ length: 10 }, () => bench.askAs({}, "{ jobs { totalCount } }"));
  try {
    await waitUntil(async () => {
      const { waiting } = await bench.sql.row<{ waiting: string }>(
        "select count(*) as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
      );
      return waiting === "4";
    });
    // Definitions are not locked.
    const { data } = await bench.askAs<{ definitions: { totalCount: number } }>(BOB, "{ definitions { totalCount } }");
    expect(data.definitions.totalCount).toBeGreaterThan(0);
  } finally {
    await holder.query("rollback");
    holder.release();
  }
  const answers = await Promise.all(slow);
  expect(answers.map(({ errors }) => errors)).toStrictEqual(answers.map(() => []));
});

test("operations of one caller have an end, over how many websockets they may come", async () => {
  const subscription = "subscription { jobsChanged { nodes { id } } }";
  const token = await signToken();
  for (const number of [1, 2, 3]) {
    const own = await openSocket(bench.server().url);
    own.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
    await own.receive();
    own.send({ type: "subscribe", id: String(number), payload: { query: subscription } });
    expect(await own.receive()).toMatchObject({ type: "next" });
  }
  const fourth = await openSocket(bench.server().url);
  fourth.send({ type: "connection_init", payload: { authorization: `Bearer ${token}` } });
  await fourth.receive();
  fourth.send({ type: "subscribe", id: "4", payload: { query: subscription } });
  expect(await fourth.receive()).toMatchObject({ type: "error", payload: [{ extensions: { code: "RT132" } }] });
  const other = await openSocket(bench.server().url);
  other.send({ type: "connection_init", payload: { authorization: `Bearer ${await signToken(BOB)}` } });
  await other.receive();
  other.send({ type: "subscribe", id: "1", payload: { query: subscription } });
  expect(await other.receive()).toMatchObject({ type: "next" });
});
