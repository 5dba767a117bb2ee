import { Agent, request } from "node:http";
import { type ServerKind, startServerProgram } from "./program.ts";
import { viewersToken } from "./tokens.ts";

const AT_ONCE = 16;

const TASKS = "nodes { key name status attempts startedAt completedAt }";
const COLUMNS = "identifier status createdAt finishedAt";
const OURS = `{ jobs(first: 10) { nodes { id ${COLUMNS} tasks { ${TASKS} } } } }`;
const BARE = `{ allJobs(first: 10, orderBy: ROW_ID_DESC) { nodes { rowId ${COLUMNS} tasksByJobId { ${TASKS} } } } }`;

/** Requests a second of one server, which runs for this only. */
export async function measureRequests(kind: ServerKind, databaseUrl: string, seconds: number): Promise<number> {
  const server = await startServerProgram(kind, databaseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const body = JSON.stringify({ query: kind.startsWith("bare") ? BARE : OURS });
  const headers = {
    "content-type": "application/json",
    ...(kind === "ratchet" ? { authorization: `Bearer ${await viewersToken()}` } : {}),
  };

  function ask(): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const asked = request(server.url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        resolve(text);
      });
    });
    asked.on("error", reject);
    asked.end(body);
    return promise;
  }

  async function askFor(ms: number): Promise<number> {
    const endMs = performance.now() + ms;
    let answered = 0;
    async function askOn(): Promise<void> {
      while (performance.now() < endMs) {
        await ask();
        answered++;
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, askOn));
    return answered;
  }

  try {
    check(kind, await ask());
    await askFor(1000);
    const beganMs = performance.now();
    const answered = await askFor(seconds * 1000);
    return (answered * 1000) / (performance.now() - beganMs);
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** Every server must give ten jobs of five tasks. */
function check(kind: ServerKind, text: string): void {
  const tasks = text.split('"key":').length - 1;
  if (tasks !== 50) {
    throw new Error(`${kind} answers with ${tasks} tasks instead of 50: ${text.slice(0, 500)}`);
  }
}
