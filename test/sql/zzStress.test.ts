import { expect, test } from "vitest";
import { addJob, addWorker, checkpoint, claim, useSql, register, single, publish } from "./fixtures.ts";
const sql = useSql();
const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;
test("stress", { timeout: 120_000 }, async () => {
  await register(sql, [single({ retry_delay: "0 s" , max_attempts: 2}), publish({ retry_delay: "0 s" , max_attempts: 2})]);
  const until = Date.now() + 15_000;
  const errors: Record<string, number> = {};
  const counts: Record<string, number> = {};
  const note = (e: unknown) => {  const k = `${(e as { code?: string }).code} ${(e as Error).message}`; errors[k] = (errors[k] ?? 0) + 1; };
  const inc = (k: string) => { counts[k] = (counts[k] ?? 0) + 1; };
  const completions = new Map<string, number>();
  const adder = async () => {
    while (Date.now() < until) {
      try {
        if (Math.random() < 0.3) {
          const specs = Array.from({ length: 3 }, () => ({ identifier: "publish", payload: { images: ["x"] }, job_key: `k${Math.floor(Math.random() * 3)}`, job_key_mode: pick(["replace", "preserve_run_at", "unsafe_dedupe"]) }));
          await sql.rows("select id from ratchet.add_jobs($1)", [JSON.stringify(specs)]);
          inc("add_jobs");
        } else {
          await addJob(sql.pool(), { identifier: pick(["single", "publish"]), payload: { images: ["x", "y"] }, job_key: `k${Math.floor(Math.random() * 3)}`, job_key_mode: pick(["replace", "preserve_run_at", "unsafe_dedupe"]) });
          inc("add");
        }
      } catch (e) { note(e); }
    }
  };
  const by = async () => {
    while (Date.now() < until) {
      try {
        const rows = await sql.rows<{ id: string }>("select id from ratchet.jobs where finished_at is null");
        if (rows.length === 0) { continue; }
        const id = pick(rows).id;
        await sql.rows(`update ratchet.tasks set status = $3::ratchet.task_status where job_id = $1 and position = $2 and status in ('PENDING','RUNNING','FAILED')`, [id, 1 + Math.floor(Math.random() * 4), pick(["SKIPPED", "CANCELLED", "PENDING", "COMPLETED"])]);
        inc("by hand");
        await new Promise((r) => setTimeout(r, 20));
      } catch (e) { note(e); }
    }
  };
  const worker = async () => {
    const w = await addWorker(sql);
    const end = until + 3000;
    let idle = 0;
    while (Date.now() < end && idle < 50) {
      try {
        await sql.rows("select ratchet_private.beat($1, '{}', '{}')", [w]);
        const ids = (await sql.rows<{ id: string }>("select id from ratchet.jobs where finished_at is null order by random() limit 2")).map((r) => r.id);
        if (ids.length === 0) { if (Date.now() > until) idle++; continue; }
        const claims = await claim(sql.pool(), w, ids);
        for (const c of claims) {
          inc("claim " + c.outcome);
          if (c.outcome !== "claimed") { continue; }
          const plan = c.plan ?? [];
          let at = c.first_position;
          for (;;) {
            if (Math.random() < 0.05) { await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [w, [c.job_id], [c.fence]]); inc("hand back"); break; }
            const kind = Math.random() < 0.1 ? "F" as const : "C" as const;
            if (Math.random() < 0.3) { await checkpoint(sql.pool(), w, [{ job: c.job_id, position: at, fence: c.fence, kind: "R" }]); }
            const [a] = await checkpoint(sql.pool(), w, [{ job: c.job_id, position: at, fence: c.fence, kind }]);
            inc(kind + " " + a?.outcome + (a?.stop ? " stop" : ""));
            if (a?.outcome === "written" && kind === "C") { const k = `${c.job_id}/${at}`; completions.set(k, (completions.get(k) ?? 0) + 1); }
            if (a?.outcome !== "written" || kind === "F") { break; }
            if (a.stop) { await sql.rows("select ratchet_private.hand_back($1, $2, $3)", [w, [c.job_id], [c.fence]]); break; }
            do { at++; } while (at <= plan.length && ["COMPLETED", "SKIPPED", "CANCELLED"].includes(plan[at - 1]?.[4] ?? ""));
            if (at > plan.length) { break; }
          }
        }
      } catch (e) { note(e); await sql.rows("select ratchet_private.release_worker($1)", [w]).catch(note); await sql.rows("update ratchet.workers set stopped_at = null where id = $1", [w]); }
    }
  };
  await Promise.all([adder(), adder(), adder(), worker(), worker(), worker(), ...(process.env["HAND"] ? [by()] : [])]);
  console.log(counts, errors);
  console.log(await sql.rows("select status, count(*)::int from ratchet.jobs group by 1"));
  console.log(await sql.rows("select rule, detail, count(*)::int from ratchet.all_violations() group by 1, 2 limit 20"));
  console.log(await sql.rows("select job_key, count(*)::int from ratchet.jobs where finished_at is null and job_key is not null group by 1"));
  console.log("twice", [...completions].filter(([, n]) => n > 1).length);
  console.log(await sql.rows("select j.*, (select array_agg(t.status||':'||t.fence||':'||t.stop_after order by position) from ratchet.tasks t where t.job_id=j.id) from ratchet.jobs j where finished_at is null limit 5"));
  expect(1).toBe(1);
});
