import { type Edit, replaceOnce } from "./instrument.ts";

/** A rule of the engine's protocol taken out of the SQL functions, to show that the explorer sees what it is for. */
export interface Mutation {
  /** How it is called on the command line. */
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The scope in which a counterexample is found. */
  readonly scope: string;
}

/** All of them. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: "claim without reading again",
    scope: "claims",
    edits: [{ name: "ratchet_private.claim_jobs", change: withoutReadingAgain }],
  },
  {
    name: "claim of a held job",
    scope: "claims",
    edits: [replacement("ratchet_private.claim_jobs", "when j.worker_id is not null then 'held'", "")],
  },
  {
    name: "checkpoint without fence",
    scope: "buried alive",
    edits: [
      replacement(
        "ratchet_private.checkpoint",
        "t.position = i.position and t.fence <= i.fence",
        "t.position = i.position",
      ),
    ],
  },
  {
    name: "hand-back and rescue without a new fence",
    scope: "buried alive",
    edits: [replacement("ratchet_private.let_go", "worker_id = null, fence = j.fence + 1", "worker_id = null")],
  },
  {
    name: "checkpoint that knows no 'already there'",
    scope: "lost answers",
    edits: [replacement("ratchet_private.checkpoint", "then 'already there'", "then 'refused'")],
  },
  {
    name: "failure that knows no 'already there'",
    scope: "lost answers",
    edits: [replacement("ratchet_private.write_failures", "if found then", "if false then")],
  },
  {
    name: "job locked before its task",
    scope: "orders",
    edits: [
      replacement(
        "ratchet_private.lock_job",
        "\n  loop\n",
        "\n  perform from ratchet.jobs j where j.id = p_job_id for update;\n  loop\n",
      ),
    ],
  },
  {
    name: "rescue that locks wake-ups before tasks",
    scope: "order beside a rescue",
    edits: [
      replacement(
        "ratchet_private.rescue_worker",
        "  v_freed := ",
        "  perform ratchet_private.unlock_wake_ups(p_dead_id);\n  v_freed := ",
      ),
    ],
  },
  {
    name: "rescue without a wake-up, and no sweep",
    scope: "crash",
    edits: [
      replacement("ratchet_private.free_jobs", "perform ratchet_private.wake_free_jobs(", "perform cardinality("),
      replacement("ratchet_private.sweep_jobs", "v_asleep <> '{}'", "false"),
    ],
  },
];

function replacement(name: string, part: string, text: string): Edit {
  return { name, change: (whole) => replaceOnce(whole, part, text) };
}

/** What the claim decides by is read with the snapshot in which the job was found, before the locks. */
function withoutReadingAgain(text: string): string {
  const begin = "  select\n    array_agg(c.id) filter";
  const end = "\n    ) c;\n";
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from === -1 || to === -1) {
    throw new Error("claim_jobs has changed: say in test/explorer/mutations.ts where it reads again.");
  }
  const reading = text.slice(from, to + end.length);
  const onlyLocked = `
  select array_agg(c.id), array_agg(c.position), array_agg(c.fence), array_agg(c.tries), array_agg(c.timeout)
    into v_claimed, v_firsts, v_fences, v_tries, v_timeouts
    from unnest(v_claimed, v_firsts, v_fences, v_tries, v_timeouts) c (id, position, fence, tries, timeout)
    where c.id = any (v_ids);
`;
  const lock = "  select array_agg(l.job_id), array_agg(l.position) into v_locked";
  return replaceOnce(replaceOnce(text, reading, onlyLocked), lock, reading + lock);
}
