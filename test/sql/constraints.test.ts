import { describe, expect, test } from "vitest";

import { named } from "../support/schemas.ts";
import { addPublish, addSingle, errorOf, withoutTriggers, useSql } from "./fixtures.ts";

const sql = useSql();

describe("what nobody may change", () => {
  test.each(["RUNNING", "WAITING", "COMPLETED", "FAILED", "CANCELLED"])(
    "a job's status, to %s (RT010)",
    async (status) => {
      const job = await addSingle(sql);
      expect(
        await errorOf(sql.rows("update ratchet.jobs set status = $2 where id = $1", [job.id, status])),
      ).toMatchObject({
        code: "RT010",
        message: `The status of job ${job.id} follows its tasks and cannot be set to ${status} by hand.`,
        hint: named(
          `Change its tasks instead: update ratchet.tasks set status = … where job_id = ${job.id} and position = …;`,
        ),
      });
    },
  );

  test("a task's job and position (RT011)", async () => {
    const job = await addSingle(sql);
    const other = await addPublish(sql);
    expect(await errorOf(sql.rows("update ratchet.tasks set position = 2 where job_id = $1", [job.id]))).toMatchObject({
      code: "RT011",
      message: `Task 1 of job ${job.id} cannot move to another job or position.`,
      hint: "Add a new job with the plan you want.",
    });
    expect(
      await errorOf(
        sql.rows("update ratchet.tasks set job_id = $2, position = 9 where job_id = $1", [job.id, other.id]),
      ),
    ).toMatchObject({ code: "RT011" });
  });

  test.each(["ratchet.tasks", "ratchet.tasks cascade", "ratchet.jobs cascade"])("truncate %s (RT011)", async (what) => {
    expect(await errorOf(sql.rows(`truncate ${what}`))).toMatchObject({
      code: what === "ratchet.tasks" ? "0A000" : "RT011",
    });
  });
});

describe("rows that contradict themselves cannot be stored", () => {
  const TASKS: readonly [string, string][] = [
    ["tasks_position_counts_from_1", "position = 0"],
    ["tasks_attempts_is_not_negative", "attempts = -1"],
    ["tasks_progress_is_a_fraction", "progress = 1.01"],
    ["tasks_progress_is_a_fraction", "progress = 'NaN'"],
    ["tasks_completed_at_exactly_when_finished", "completed_at = now()"],
    ["tasks_completed_at_exactly_when_finished", "status = 'COMPLETED', started_at = now()"],
    ["tasks_completed_at_exactly_when_finished", "status = 'SKIPPED'"],
    ["tasks_error_exactly_when_failed", "error_message = 'x'"],
    ["tasks_error_exactly_when_failed", "status = 'FAILED'"],
    ["tasks_result_only_when_completed", "result = '1'"],
    ["tasks_running_has_started", "status = 'RUNNING'"],
    ["tasks_pending_has_not_started", "started_at = now()"],
  ];

  test.each(TASKS)("%s: a PENDING task with %s", async (constraint, change) => {
    const job = await addSingle(sql);
    const raised = await errorOf(
      withoutTriggers(sql, (session) =>
        session.query(`update ratchet.tasks set ${change} where job_id = $1`, [job.id]),
      ),
    );
    expect(raised).toMatchObject({ code: "23514", constraint });
  });

  const JOBS: readonly [string, string][] = [
    ["jobs_payload_is_an_object", "payload = '[]'"],
    ["jobs_finished_at_exactly_when_final", "finished_at = now()"],
    ["jobs_finished_at_exactly_when_final", "status = 'COMPLETED'"],
    ["jobs_finished_at_exactly_when_final", "status = 'FAILED'"],
    ["jobs_finished_at_exactly_when_final", "status = 'FAILED', next_attempt_at = now(), finished_at = now()"],
    ["jobs_next_attempt_only_after_failure", "next_attempt_at = now()"],
    ["jobs_worker_only_while_running", "worker_id = 1"],
    ["jobs_running_has_started", "status = 'RUNNING'"],
    ["jobs_cancelled_only_by_order", "status = 'CANCELLED', finished_at = now()"],
    ["jobs_cancel_reason_only_with_order", "cancel_reason = 'x'"],
    ["jobs_max_attempts_is_positive", "max_attempts = 0"],
    ["jobs_retry_delay_is_not_negative", "retry_delay = '-1 s'"],
    ["jobs_job_key_is_not_reserved", "job_key = 'ratchet:1'"],
    ["jobs_tenant_is_1_to_128_characters", "tenant = ''"],
  ];

  test.each(JOBS)("%s: a PENDING job with %s", async (constraint, change) => {
    const job = await addSingle(sql);
    const raised = await errorOf(
      withoutTriggers(sql, (session) => session.query(`update ratchet.jobs set ${change} where id = $1`, [job.id])),
    );
    expect(raised).toMatchObject({ code: "23514", constraint });
  });

  const DEFINITIONS: readonly [string, string][] = [
    ["definitions_identifier_is_1_to_128_characters", "identifier = ''"],
    ["definitions_templates_is_a_list", "templates = '{}'"],
    ["definitions_max_attempts_is_positive", "max_attempts = 0"],
    ["definitions_retry_delay_is_not_negative", "retry_delay = '-1 s'"],
    ["definitions_retry_backoff_is_at_least_1", "retry_backoff = 0.5"],
    ["definitions_retry_max_delay_is_not_negative", "retry_max_delay = '-1 s'"],
    ["definitions_retry_jitter_is_a_share", "retry_jitter = 1.5"],
  ];

  test.each(DEFINITIONS)("%s: a definition with %s", async (constraint, change) => {
    expect(
      await errorOf(sql.rows(`update ratchet.definitions set ${change} where identifier = 'single'`)),
    ).toMatchObject({ code: "23514", constraint });
  });

  test("a job is adopted once, a key is taken once, a task belongs to a job, a failure to a task", async () => {
    const [one, two] = [await addSingle(sql, { job_key: "taken" }), await addSingle(sql)];
    await sql.rows("update ratchet.jobs set adopted_from = 1 where id = $1", [one.id]);
    expect(await errorOf(sql.rows("update ratchet.jobs set adopted_from = 1 where id = $1", [two.id]))).toMatchObject({
      constraint: "jobs_adopted_once",
    });
    expect(await errorOf(sql.rows("update ratchet.jobs set job_key = 'taken' where id = $1", [two.id]))).toMatchObject({
      constraint: "jobs_job_key_unique_while_unfinished",
    });
    expect(
      await errorOf(
        sql.rows("insert into ratchet.tasks (job_id, position, key, template, name) values (-1, 1, 'x', 'x', 'x')"),
      ),
    ).toMatchObject({ constraint: "tasks_job" });
    expect(
      await errorOf(
        sql.rows(
          "insert into ratchet.task_failures (job_id, position, fence, attempt, counted, error_message, started_at, failed_at) values ($1, 2, 1, 1, true, 'x', now(), now())",
          [one.id],
        ),
      ),
    ).toMatchObject({ constraint: "task_failures_task" });
    expect(
      await errorOf(
        sql.rows(
          "insert into ratchet.workers (host, pid, version, concurrency, started_at, beat_at) values ('h', 1, 'v', 0, now(), now())",
        ),
      ),
    ).toMatchObject({ constraint: "workers_concurrency_is_positive" });
  });
});
