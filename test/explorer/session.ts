import pg from "pg";

/** Where a session stands after a step. */
export type Standing =
  | { readonly at: "paused"; readonly label: string }
  | { readonly at: "blocked" }
  | { readonly at: "returned"; readonly rows: readonly Row[] }
  | { readonly at: "failed"; readonly code: string; readonly message: string };

/** A row of any call. */
export type Row = Readonly<Record<string, unknown>>;

/** A connection whose calls stop where the functions are instrumented. */
export interface Session {
  readonly name: string;
  readonly processId: number;
  /** Begins a transaction and a call in it. */
  start(statement: string, text: string, values: readonly unknown[]): void;
  /** Lets it go on after a pause. */
  goOn(): Promise<void>;
  /** What has become of the call; `undefined` while it runs or waits for a lock. */
  standing(): Standing | undefined;
  /** Resolves at the next standing. */
  next(): Promise<unknown>;
  commit(): Promise<void>;
  /** Ends the transaction without a trace, wherever it stands. */
  rollBack(): Promise<void>;
  close(): Promise<void>;
}

/** Of advisory locks that pauses wait for. */
export const PAUSE_LOCKS = 7001;

const NOTICE = /^explorer paused (?<label>.*)$/v;

/**
 * Opens a session. It waits at a pause for an advisory lock, which `controller` holds meanwhile; the numbers of pauses come
 * from a sequence, so that they go on through a ROLLBACK.
 */
export async function openSession(url: string, name: string, number: number, controller: pg.Client): Promise<Session> {
  const client = new pg.Client({ connectionString: url, application_name: `explorer-${name}` });
  client.on("error", () => {});
  await client.connect();
  // Deadlocks are found by the explorer, so that the same schedule has the same victim each time.
  await client.query("set deadlock_timeout = '1h'; set lock_timeout = 0; set synchronous_commit = on");
  await client.query("select set_config('explorer.session', $1, false)", [number]);
  await client.query(`create sequence explorer.pauses_${number}`);
  const { rows: own } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const processId = own[0]?.pid ?? 0;
  let nextPause = 1;
  let isAtPause = false;
  await controller.query("select pg_advisory_lock($1::integer, $2::integer)", [key(number), nextPause]);

  let standing: Standing | undefined;
  let ended: Promise<void> = Promise.resolve();
  let changed = Promise.withResolvers<null>();

  function become(next: Standing): void {
    standing = next;
    changed.resolve(null);
  }

  client.on("notice", ({ message }) => {
    const label = NOTICE.exec(message ?? "")?.groups?.["label"];
    if (label !== undefined) {
      isAtPause = true;
      become({ at: "paused", label });
    }
  });

  function runs(): void {
    standing = undefined;
    changed = Promise.withResolvers<null>();
  }

  async function releasePause(): Promise<void> {
    // Before the answer: the next pause may be told first.
    isAtPause = false;
    const pause = nextPause++;
    await controller.query({
      name: "release_pause",
      text: "select pg_advisory_lock($1::integer, $2::integer + 1), pg_advisory_unlock($1::integer, $2::integer)",
      values: [key(number), pause],
    });
  }

  async function run(statement: string, text: string, values: readonly unknown[]): Promise<void> {
    try {
      await client.query("begin");
      const { rows } = await client.query<Row>({ name: statement, text, values: [...values] });
      become({ at: "returned", rows });
    } catch (error) {
      const { code = "none", message } = error as Error & { code?: string };
      become({ at: "failed", code, message });
    }
  }

  return {
    name,
    processId,
    start(statement, text, values) {
      runs();
      ended = run(statement, text, values);
    },
    async goOn() {
      runs();
      await releasePause();
    },
    standing: () => standing,
    next: () => changed.promise,
    async commit() {
      await client.query("commit");
      standing = undefined;
    },
    async rollBack() {
      if (standing === undefined || standing.at === "paused") {
        await controller.query("select pg_cancel_backend($1)", [processId]);
        await ended;
        if (!isCancelled(standing)) {
          // It had just ended by itself: the signal must not hit the next statement.
          await client.query("select pg_sleep(0.05)").catch(() => {});
        }
      }
      // It may have come to a pause in the meantime.
      if (isAtPause) {
        await releasePause();
      }
      await client.query("rollback");
      standing = undefined;
    },
    close: () => client.end(),
  };
}

function isCancelled(standing: Standing | undefined): boolean {
  return standing?.at === "failed" && standing.code === "57014";
}

function key(session: number): number {
  return PAUSE_LOCKS + session;
}
