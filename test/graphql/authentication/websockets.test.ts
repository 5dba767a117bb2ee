import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import { describe, expect, test } from "vitest";

import { waitUntil } from "../../support/waiting.ts";
import { TEST_TOKENS, useServer } from "../server.ts";
import { openSocket } from "./sockets.ts";
import { inSeconds, signToken, unsignedToken } from "./tokens.ts";

const bench = useServer({ tokens: TEST_TOKENS });

const url = (): string => bench.server().url;
const query = (id: string, text = "{ __typename }"): object => ({ id, type: "subscribe", payload: { query: text } });
const ANSWER = { type: "next", payload: { data: { __typename: "Query" } } };

describe("a websocket", () => {
  test("takes its token from the first message, as a browser has to send it", async () => {
    const { send, receive } = await openSocket(url());
    send({ type: "connection_init", payload: { authorization: `Bearer ${await signToken()}` } });
    expect(await receive()).toMatchObject({ type: "connection_ack" });
    send(query("1"));
    expect(await receive()).toMatchObject({ ...ANSWER, id: "1" });
    expect(await receive()).toMatchObject({ type: "complete", id: "1" });
  });

  test("or from the header of its request", async () => {
    const { send, receive } = await openSocket(url(), { headers: { authorization: `Bearer ${await signToken()}` } });
    send({ type: "connection_init" });
    expect(await receive()).toMatchObject({ type: "connection_ack" });
  });

  test.each<[string, () => Promise<object> | object, number, string]>([
    ["without a token", () => ({}), 4401, "has no token"],
    ["with half a token", () => ({ authorization: "Bearer " }), 4401, "Bearer and the token"],
    ["with many tokens", () => ({ authorization: ["Bearer a"] }), 4401, "Bearer and the token"],
    ["without a signature", () => ({ authorization: `Bearer ${unsignedToken()}` }), 4401, "signed with HS256"],
    [
      "with a token that has expired, and may come back with a new one",
      async () => ({ authorization: `Bearer ${await signToken({ exp: inSeconds(-60) })}` }),
      4403,
      "expired",
    ],
  ])("is closed %s", async (_what, parameters, code, reason) => {
    const { send, closed } = await openSocket(url());
    send({ type: "connection_init", payload: await parameters() });
    expect(await closed).toStrictEqual({ code, reason: expect.stringContaining(reason) });
  });

  test("is answered nothing before it has said who it is", async () => {
    const { send, closed } = await openSocket(url());
    send(query("1"));
    expect(await closed).toMatchObject({ code: 4401 });
  });

  test("is closed when its token expires, whatever it does meanwhile", async () => {
    // The clocks may differ by 30 s: this one is over at once.
    const { send, receive, closed } = await openSocket(url());
    send({ type: "connection_init", payload: { authorization: `Bearer ${await signToken({ exp: inSeconds(-28) })}` } });
    expect(await receive()).toMatchObject({ type: "connection_ack" });
    expect(await closed).toStrictEqual({ code: 4403, reason: expect.stringContaining("expired") });
  });

  test("of a client of graphql-ws comes back with a new token by itself", async () => {
    const tokens = [await signToken({ exp: inSeconds(-28) }), await signToken()];
    let connections = 0;
    const client = createClient({
      url: `${url().replace("http", "ws")}/graphql`,
      webSocketImpl: WebSocket,
      lazy: false,
      retryWait: async () => {},
      connectionParams: () => {
        connections += 1;
        return { authorization: `Bearer ${tokens.shift() ?? ""}` };
      },
    });
    await waitUntil(() => connections === 2, { what: "the second connection" });
    const answers = client.iterate({ query: "{ __typename }" });
    expect((await answers.next()).value).toStrictEqual({ data: { __typename: "Query" } });
    await client.dispose();
  });

  test("of a page of another site is not opened, nor at another path", async () => {
    const authorization = `Bearer ${await signToken()}`;
    await expect(openSocket(url(), { headers: { origin: "https://evil.example", authorization } })).rejects.toThrow(
      "403",
    );
    await expect(openSocket(`${url()}/ruru`)).rejects.toThrow("404");
    const open = await bench.start({ tokens: undefined });
    await open.ready;
    await expect(openSocket(open.url, { headers: { origin: "https://evil.example" } })).rejects.toThrow("403");
    await expect(openSocket(open.url, { headers: { host: "evil.example" } })).rejects.toThrow("421");
  });

  test("that speaks another protocol is closed", async () => {
    await expect(openSocket(url(), { protocol: "graphql-ws" })).rejects.toThrow("subprotocol");
  });

  test("ends with the server, and its client may come back", async () => {
    const server = await bench.start();
    await server.ready;
    const { send, receive, closed } = await openSocket(server.url);
    send({ type: "connection_init", payload: { authorization: `Bearer ${await signToken()}` } });
    await receive();
    await server.close();
    expect(await closed).toMatchObject({ code: 1012 });
  });
});

describe("limits of websockets", () => {
  async function connect(server: { readonly url: string }, subject = "ann") {
    const socket = await openSocket(server.url);
    socket.send({
      type: "connection_init",
      payload: { authorization: `Bearer ${await signToken({ sub: subject })}` },
    });
    return socket;
  }

  test("one that does not say who it is is closed", async () => {
    const server = await bench.start({ socketLimits: { initTimeoutMs: 20 } });
    await server.ready;
    expect(await (await openSocket(server.url)).closed).toMatchObject({ code: 4408 });
  });

  test("strangers have their own number, and keep nobody out who is in", async () => {
    const server = await bench.start({ socketLimits: { newConnections: 2 } });
    await server.ready;
    const known = await connect(server);
    await known.receive();
    const strangers = [await openSocket(server.url), await openSocket(server.url)];
    await expect(openSocket(server.url)).rejects.toThrow("503");
    known.send(query("1"));
    expect(await known.receive()).toMatchObject(ANSWER);
    for (const { socket, closed } of strangers) {
      socket.close();
      await closed;
    }
    await waitUntil(async () => openSocket(server.url).then(Boolean, () => false), { what: "a place" });
  });

  test("a caller has a number of connections, others have theirs", async () => {
    const server = await bench.start({ socketLimits: { connectionsOfCaller: 1 } });
    await server.ready;
    await (await connect(server)).receive();
    expect(await (await connect(server)).closed).toMatchObject({ code: 4429 });
    expect(await (await connect(server, "bob")).receive()).toMatchObject({ type: "connection_ack" });
  });

  test("a flood of messages is cut off", async () => {
    const { send, receive, closed } = await connect(bench.server());
    await receive();
    for (let count = 0; count < 1000; count++) {
      send({ type: "ping" });
    }
    expect(await closed).toMatchObject({ code: expect.toSatisfy((code: number) => code === 4429 || code === 1006) });
    expect((await bench.askAs({}, "{ __typename }")).status).toBe(200);
  });

  test("so is a flood of the protocol's own pings", async () => {
    const { socket, receive, closed } = await connect(bench.server());
    await receive();
    for (let count = 0; count < 1000; count++) {
      socket.ping();
    }
    expect(await closed).toMatchObject({ code: expect.toSatisfy((code: number) => code === 4429 || code === 1006) });
  });

  test("a message over 100 kB is not even read", async () => {
    const { send, receive, closed } = await connect(bench.server());
    await receive();
    send(query("1", `{ __typename } # ${"x".repeat(100_000)}`));
    expect(await closed).toMatchObject({ code: 1009 });
  });

  test.each([
    ["that is no JSON", "{"],
    ["that is none of the protocol's", { type: "connection_terminate" }],
    ["without a query", { id: "1", type: "subscribe", payload: {} }],
    ["a second beginning", { type: "connection_init" }],
  ])("a message %s ends the connection", async (_what, message) => {
    const { send, receive, closed } = await connect(bench.server());
    await receive();
    send(message);
    expect((await closed).code).toBeGreaterThan(4399);
  });

  test("more operations than a connection may have are refused, one by one", async () => {
    const server = await bench.start({ socketLimits: { operations: 1 } });
    await server.ready;
    const lock = await bench.sql.pool().connect();
    try {
      await lock.query("begin");
      await lock.query("lock table ratchet.definitions in access exclusive mode");
      const { send, receive } = await connect(server);
      await receive();
      send(query("slow", "{ definitions { totalCount } }"));
      send(query("more"));
      expect(await receive()).toMatchObject({
        id: "more",
        type: "error",
        payload: [{ extensions: { code: "RT132" } }],
      });
    } finally {
      await lock.query("rollback");
      lock.release();
    }
  });

  test("one where nobody is any more is ended", async () => {
    const server = await bench.start({ socketLimits: { pingMs: 20 } });
    await server.ready;
    const { socket, closed } = await connect(server);
    const earlier = bench.logLines.length;
    // Nothing is read, so no ping is answered.
    socket.pause();
    await waitUntil(() => bench.logLines.slice(earlier).some(({ msg }) => msg === "a websocket was closed"), {
      what: "the end of the connection",
    });
    socket.resume();
    expect(await closed).toMatchObject({ code: 1006 });
  });
});
