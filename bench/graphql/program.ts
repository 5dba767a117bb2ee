import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { presetGraphileEnvironment } from "../../src/config/graphileEnvironment.ts";

/** What a server has used. */
export interface Usage {
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** A server in a process of its own. */
export interface ServerProgram {
  /** Where GraphQL is answered. */
  readonly url: string;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

/** `ratchet` asks for tokens, `ratchet-open` does not, `bare` is PostGraphile alone, `bare-role` with a role for row security. */
export type ServerKind = "ratchet" | "ratchet-open" | "bare-role" | "bare";

/** Starts one and waits until it serves. */
export async function startServerProgram(kind: ServerKind, databaseUrl: string): Promise<ServerProgram> {
  presetGraphileEnvironment();
  const child = fork(join(import.meta.dirname, "serverProgram.ts"), [kind, databaseUrl], {
    execArgv: ["--conditions=ratchet-source"],
  });
  const { url } = await messageOf<{ url: string }>(child);
  return {
    url: `${url}/graphql`,
    async usage() {
      child.send("usage");
      return messageOf<Usage>(child);
    },
    async stop() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

async function messageOf<Message>(child: ChildProcess): Promise<Message> {
  const ended = new AbortController();
  const exited = once(child, "exit", { signal: ended.signal }).then(() => {
    throw new Error("The measured server has ended.");
  });
  try {
    const [message] = (await Promise.race([once(child, "message", { signal: ended.signal }), exited])) as [Message];
    return message;
  } finally {
    exited.catch(() => {});
    ended.abort();
  }
}
