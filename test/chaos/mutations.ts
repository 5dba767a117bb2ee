import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What can be taken out of Ratchet, to see that the run says so. */
export const MUTATIONS = ["fence", "rescue", "skip", "reread"] as const;

/** One of {@link MUTATIONS}. */
export type Mutation = (typeof MUTATIONS)[number];

/** Parts of the names of the classes of faults that show soonest that something is missing. */
export const REVEALING_FAULTS: Readonly<Record<Mutation, readonly string[]>> = {
  fence: ["cancel and retry", "frozen for 17", "network cut for 17"],
  rescue: ["frozen for 17", "killed (SIGKILL)"],
  skip: ["killed (SIGKILL)", "cancel and retry"],
  reread: ["wake-ups doubled"],
};

/** One change of a SQL file: what stands there, and what takes its place. */
interface Edit {
  readonly file: string;
  readonly change: (sql: string) => string;
}

const EDITS: Readonly<Record<Mutation, readonly Edit[]>> = {
  // A write counts whatever fence stands on its task.
  fence: [
    edit("checkpoint", " and t.fence <= i.fence\n", "\n"),
    edit("write_failures", "v_task.job_id is null or v_task.fence > v_failure.fence", "v_task.job_id is null"),
  ],
  // Whoever finds a dead worker does nothing about it.
  rescue: [edit("rescue_worker", "\nbegin\n", "\nbegin\n  return null;\n")],
  // A claim says of finished tasks that they are still to do.
  skip: [
    edit(
      "claim_jobs",
      "t.name, t.status, t.attempts",
      "t.name, case t.status when 'COMPLETED' then 'PENDING' else t.status end, t.attempts",
    ),
  ],
  // What decides over a claim is read before the locks are there.
  reread: [{ file: "claim_jobs", change: readBeforeLocking }],
};

/** Changes the SQL files in a folder; throws if a file no longer reads as the mutation expects. */
export function mutate(folder: string, mutation: Mutation): void {
  for (const { file, change } of EDITS[mutation]) {
    const path = join(folder, "schema", "functions", `ratchet_private.${file}.sql`);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }
}

function edit(file: string, from: string, to: string): Edit {
  return {
    file,
    change(sql) {
      demandOnce(sql, from, file);
      return sql.replace(from, to);
    },
  };
}

function readBeforeLocking(sql: string): string {
  const locksBegin = "  -- A row that somebody's psql holds";
  const readBegins = "  select\n    array_agg(c.id) filter";
  const readEnds = "    ) c;\n";
  for (const text of [locksBegin, readBegins, readEnds]) {
    demandOnce(sql, text, "claim_jobs");
  }
  const before = sql.slice(0, sql.indexOf(locksBegin));
  const locks = sql.slice(sql.indexOf(locksBegin), sql.indexOf(readBegins));
  const read = sql.slice(sql.indexOf(readBegins), sql.indexOf(readEnds) + readEnds.length);
  const after = sql.slice(sql.indexOf(readEnds) + readEnds.length);
  const rest = `  select array_agg(c.id), array_agg(c.position), array_agg(c.fence), array_agg(c.tries), array_agg(c.timeout)
    into v_claimed, v_firsts, v_fences, v_tries, v_timeouts
    from unnest(v_claimed, v_firsts, v_fences, v_tries, v_timeouts) c (id, position, fence, tries, timeout)
    where c.id = any (v_ids);
`;
  return before + read + locks + rest + after;
}

function demandOnce(sql: string, text: string, file: string): void {
  if (sql.split(text).length !== 2) {
    throw new Error(
      `The mutation of ratchet_private.${file}.sql expects this text in it exactly once:\n${text}\n` +
        "The function has changed: bring test/chaos/mutations.ts up to it.",
    );
  }
}
