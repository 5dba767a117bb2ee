import { expect, test } from "vitest";

import { type OrderedJob, jobOrdersOf, taskOrdersOf } from "../../../src/dashboard/view/orders.ts";

const JOB: OrderedJob = {
  status: "RUNNING",
  isFinal: false,
  scrubbedAt: null,
  workerId: 1,
  finishedTaskCount: 1,
  currentTask: { key: "b" },
};
const DONE = { key: "a", position: 1, status: "COMPLETED" };
const CURRENT = { key: "b", position: 2, status: "RUNNING" };
const LATER = { key: "c", position: 3, status: "PENDING" };

test("a running job is cancelled, its tasks that have not ended are skipped, the first of them is marked done", () => {
  expect(jobOrdersOf(JOB)).toStrictEqual(["cancel"]);
  expect([DONE, CURRENT, LATER].map((task) => taskOrdersOf(JOB, task))).toStrictEqual([
    [],
    ["skip", "complete"],
    ["skip"],
  ]);
});

test("a job that no worker has is rescheduled, too", () => {
  expect(jobOrdersOf({ ...JOB, status: "PENDING", workerId: null })).toStrictEqual(["reschedule", "cancel"]);
});

test("a job that FAILED for good goes on by a retry, or without its task", () => {
  const job: OrderedJob = { ...JOB, status: "FAILED", isFinal: true, workerId: null };
  expect(jobOrdersOf(job)).toStrictEqual(["retry"]);
  expect([DONE, { ...CURRENT, status: "FAILED" }, LATER].map((task) => taskOrdersOf(job, task))).toStrictEqual([
    ["retryFrom"],
    ["retryFrom", "skip", "complete"],
    ["skip"],
  ]);
});

test("a COMPLETED job is run anew from any task", () => {
  const job: OrderedJob = {
    ...JOB,
    status: "COMPLETED",
    isFinal: true,
    workerId: null,
    finishedTaskCount: 3,
    currentTask: null,
  };
  expect(jobOrdersOf(job)).toStrictEqual([]);
  expect(taskOrdersOf(job, DONE)).toStrictEqual(["retryFrom"]);
});

test("a scrubbed job takes none", () => {
  const job: OrderedJob = {
    ...JOB,
    status: "FAILED",
    isFinal: true,
    workerId: null,
    scrubbedAt: "2026-11-24T09:00:00Z",
  };
  expect(jobOrdersOf(job)).toStrictEqual([]);
  expect(taskOrdersOf(job, { ...CURRENT, status: "FAILED" })).toStrictEqual([]);
});
