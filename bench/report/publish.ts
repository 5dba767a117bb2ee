import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { reportMarkdown, table } from "./markdown.ts";
import { short, times } from "./numbers.ts";
import { barPlot } from "./plot.ts";
import type { Report } from "./report.ts";

const ROOT = join(import.meta.dirname, "../..");
const PLOT = "docs/images/bench.svg";

/** Writes the plot and the generated blocks of README, docs/benchmarks.md and docs/comparison.md from a report's figures. */
export function publish(report: Report): void {
  writeFileSync(join(ROOT, PLOT), barPlot(report, "noop"));
  replaceBlock("README.md", readmeBlock(report));
  replaceBlock("docs/benchmarks.md", `![The same as bars](images/bench.svg)\n\n${reportMarkdown(report)}`);
  replaceBlock("docs/comparison.md", comparisonTable(report));
}

/** Puts `text` between the marks `<!-- bench -->` and `<!-- /bench -->` of a page. */
function replaceBlock(page: string, text: string): void {
  const file = join(ROOT, page);
  const before = readFileSync(file, "utf8");
  const marks = /(?<begin><!-- bench -->\n)[\s\S]*?(?<end><!-- \/bench -->)/v;
  if (!marks.test(before)) {
    throw new Error(
      `${page} has no place for the figures: <!-- bench --> and <!-- /bench -->, each on a line of its own.`,
    );
  }
  writeFileSync(
    file,
    before.replace(marks, (_all, begin: string, end: string) => `${begin}\n${text}\n\n${end}`),
  );
}

function readmeBlock(report: Report): string {
  const contenders = report.workloads["noop"]?.contenders ?? {};
  const tasks = contenders["ratchet-tuned"]?.median ?? 0;
  const byDefault = contenders["ratchet"]?.median ?? 0;
  const against = Object.entries(report.ratios["noop"] ?? {})
    .filter(([name]) => name !== "ratchet" && name !== "obvious")
    .map(([name, ratio]) => `${times(ratio)} ${contenders[name]?.title ?? name}`);
  return [
    `![Bars: tasks a second of Ratchet and others, jobs of five tasks that do nothing](${PLOT})`,
    `${short(tasks)} tasks a second (${short(byDefault)} with default settings) in one worker process on ${report.machine.cores} cores, each task a row and durable before the next one of its job starts: ${against.join(", ")}. [How it is measured, every figure, and how to repeat it](docs/benchmarks.md).`,
  ].join("\n\n");
}

function comparisonTable({ workloads, ratios }: Report): string {
  const columns = ["noop", "sleeping", "single", "idle"].filter((name) => name in workloads);
  const names = [...new Set(columns.flatMap((column) => Object.keys(workloads[column]?.contenders ?? {})))];
  const rows = names.map((name) => {
    const title = columns.flatMap((column) => workloads[column]?.contenders[name]?.title ?? [])[0] ?? name;
    const cells = columns.map((column) => {
      const figures = workloads[column]?.contenders[name];
      const ratio = ratios[column]?.[name];
      return figures === undefined ? "" : `${short(figures.median)}${ratio === undefined ? "" : ` (${times(ratio)})`}`;
    });
    return [[title], cells].flat();
  });
  return table(["system", ...columns.map((column) => `${column}, ${workloads[column]?.unit ?? ""}`)], rows);
}
