import type pg from "pg";

/** A place in the real text of a SQL function before which an explored session stops. */
interface PausePoint {
  /** Schema and name of the function. */
  readonly name: string;
  /** Begins the statement; it must be there exactly once. */
  readonly before: string;
  readonly label: string;
}

/** A change to the real text of one function. */
export interface Edit {
  /** Schema and name of the function. */
  readonly name: string;
  /** Throws if the text is not as it expects. */
  readonly change: (text: string) => string;
}

const PAUSE_POINTS: readonly PausePoint[] = [
  {
    name: "ratchet_private.claim_jobs",
    before: "return query select * from ratchet_private.claim_new_jobs(",
    label: "new ones locked",
  },
  {
    name: "ratchet_private.claim_jobs",
    before: "select array_agg(l.job_id), array_agg(l.position) into v_locked",
    label: "found",
  },
  {
    name: "ratchet_private.claim_jobs",
    before: "select array_agg(l.id), array_agg(l.position) into v_ids",
    label: "task locked",
  },
  {
    name: "ratchet_private.checkpoint",
    before: "return query\n      select f.item, 1, f.outcome",
    label: "task locked for a failure",
  },
  { name: "ratchet_private.checkpoint", before: "for v_missed in\n", label: "not all written" },
  { name: "ratchet_private.lock_job", before: "perform from ratchet.tasks t", label: "first task found" },
  { name: "ratchet_private.lock_job", before: "select * into v_job from ratchet.jobs", label: "task locked" },
  {
    name: "ratchet.cancel_job",
    before: "perform ratchet_private.cancel_unfinished_tasks(",
    label: "job cancelled, tasks not yet",
  },
  {
    name: "ratchet_private.sweep_jobs",
    before: "v_asleep := array(\n    select j.id from ratchet.jobs j",
    label: "settled",
  },
  {
    name: "ratchet_private.sweep_jobs",
    before: "woken := woken || ratchet_private.wake_free_jobs(v_asleep)",
    label: "found",
  },
];

/** Where a handler of a transaction task has written and its task's end has not; the explorer's own function. */
export const HANDLER_RAN = "handler ran";

/** Replaces the functions by variants that stop between their statements, after the edits. */
export async function instrument(client: pg.ClientBase, edits: readonly Edit[]): Promise<void> {
  const names = new Set([...PAUSE_POINTS, ...edits].map(({ name }) => name));
  for (const name of names) {
    let text = await readFunction(client, name);
    for (const { change } of edits.filter((edit) => edit.name === name)) {
      text = change(text);
    }
    for (const { before, label } of PAUSE_POINTS.filter((point) => point.name === name)) {
      const place = `${name.replace(/^\w+\./v, "")}: ${label}`;
      text = replaceOnce(text, before, `perform explorer.pause('${place}');\n${before}`);
    }
    await client.query(text);
  }
}

/**
 * Replaces the one place where `part` stands.
 * @throws if it stands nowhere or more than once: the function has changed, and what was to be shown with it shows nothing.
 */
export function replaceOnce(text: string, part: string, replacement: string): string {
  const [before, after, ...more] = text.split(part);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(
      `The explorer expects this text exactly once in a SQL function, and it is there ${text.split(part).length - 1} times. ` +
        `The function has changed: say in test/explorer/ where it stops now.\n${part}`,
    );
  }
  return before + replacement + after;
}

async function readFunction(client: pg.ClientBase, name: string): Promise<string> {
  const { rows } = await client.query<{ text: string }>(
    `select pg_get_functiondef(p.oid) as text from pg_proc p
     join pg_namespace n on n.oid = p.pronamespace where n.nspname || '.' || p.proname = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined || rows.length > 1) {
    throw new Error(`The explorer expects one function "${name}"; there are ${rows.length}.`);
  }
  return row.text;
}
