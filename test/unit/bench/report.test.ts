import { expect, test } from "vitest";

import { short } from "../../../bench/report/numbers.ts";
import { barPlot } from "../../../bench/report/plot.ts";
import { figuresOf, ratiosOf, type Report } from "../../../bench/report/report.ts";
import { isReached, TARGETS } from "../../../bench/report/targets.ts";

const sample = (value: number, details = {}) => ({ value, details });

const workloads: Report["workloads"] = {
  noop: {
    title: "five tasks",
    unit: "tasks/s",
    better: "higher",
    contenders: {
      "ratchet-tuned": figuresOf("Ratchet, tuned", [sample(4000), sample(6000), sample(5000)]),
      ratchet: figuresOf("Ratchet, defaults", [sample(2500)]),
      dbos: figuresOf("DBOS <1>", [sample(100)]),
    },
  },
  workers: {
    title: "several",
    unit: "tasks/s",
    better: "higher",
    baseline: "1 worker",
    contenders: {
      "1 worker": figuresOf("1 worker", [sample(1000)]),
      "2 workers": figuresOf("2 workers", [sample(900)]),
    },
  },
};

test("figures are the median and the range of the rounds, and medians of what else was seen", () => {
  const figures = figuresOf("x", [sample(3, { peak: 10 }), sample(1, { peak: 30 }), sample(9, { peak: 20 })]);
  expect(figures).toMatchObject({ median: 3, min: 1, max: 9, values: [3, 1, 9], details: { peak: 20 } });
  expect(figuresOf("x", [sample(1), sample(2)]).median).toBe(1.5);
});

test("Ratchet is divided by each peer, and a condition of Ratchet's by its baseline", () => {
  expect(ratiosOf(workloads, ["ratchet-tuned", "ratchet"])).toStrictEqual({
    noop: { ratchet: 2, dbos: 50 },
    workers: { "2 workers": 0.9 },
  });
  expect(ratiosOf(workloads, ["ratchet"])["noop"]).toStrictEqual({ "ratchet-tuned": 0.5, dbos: 25 });
});

test("a target is judged from the side its bound says, and one without a figure is left out", () => {
  const report = { workloads, ratios: ratiosOf(workloads, ["ratchet-tuned"]) } as unknown as Report;
  const judged = TARGETS.flatMap((target) => {
    const found = target.find(report);
    return found === null ? [] : [[target.workload, target.text, isReached(target, found)]];
  });
  expect(judged).toStrictEqual([
    ["noop", "× dbos", true],
    ["workers", "× 2 workers", true],
  ]);
  expect(isReached({ workload: "", text: "", atMost: 1, find: () => null }, 1.1)).toBe(false);
});

test("the plot has a bar for each system, the fastest first, and escapes their names", () => {
  const report = { workloads, ratios: {}, machine: { cores: 2 } } as unknown as Report;
  const svg = barPlot(report, "noop");
  const labels = [...svg.matchAll(/class="label"[^>]*>(?<label>[^<]*)</gv)].map((match) => match.groups?.["label"]);
  expect(labels).toStrictEqual(["Ratchet, tuned", "Ratchet, defaults", "DBOS &lt;1&gt;"]);
});

test("numbers are written with three digits", () => {
  expect([38_312, 412.4, 8.136, 0.016_14, 0].map((figure) => short(figure))).toStrictEqual([
    "38,300",
    "412",
    "8.14",
    "0.0161",
    "0",
  ]);
});
