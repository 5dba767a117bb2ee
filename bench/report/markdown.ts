import { short, times } from "./numbers.ts";
import type { Figures, Report, WorkloadReport } from "./report.ts";
import { isReached, TARGETS } from "./targets.ts";

/** Columns beside the value, where a workload has them. */
const DETAILS: Readonly<Record<string, string>> = {
  p95Ms: "p95 ms",
  p99Ms: "p99 ms",
  commitsPerJob: "commits / job",
  walBytesPerJob: "WAL bytes / job",
  postgresCpuMsPerJob: "Postgres CPU ms / job",
  nodeCpuMsPerJob: "Node CPU ms / job",
  peakRssMb: "peak MB",
  readMs: "read whole ms",
  memoryPeakMb: "peak MB over all jobs",
};

/** The whole report: the machine, what Postgres can do, a table a workload, what was to be reached. */
export function reportMarkdown(report: Report): string {
  return [
    machineText(report),
    peersText(report),
    limitsText(report),
    ...Object.entries(report.workloads).map(([name, workload]) => workloadTable(report, name, workload)),
    targetsTable(report),
    ...(report.skipped.length === 0 ? [] : [report.skipped.map((line) => `- ${line}`).join("\n")]),
  ].join("\n\n");
}

/** One line on what it was measured on. */
function machineText({ machine, at, rounds, took, quick }: Report): string {
  const settings = Object.entries(machine.postgresSettings).map(([name, setting]) => `\`${name} ${setting}\``);
  const versions = [...new Set(Object.values(machine.peers))];
  return [
    `${at.slice(0, 10)}, ${machine.cores} cores (${machine.processor}), ${machine.memoryGb} GB, ${machine.system}. Node ${machine.node.slice(1)}, ${machine.postgres}. ${rounds === 1 ? "One round" : `Medians of ${rounds} interleaved rounds`}${quick ? " of a quick run" : ""}, ${took} in all.`,
    `Versions: ${versions.join(", ")}.`,
    `Settings of Postgres that are not its own defaults: ${settings.join(", ")}.`,
  ].join("\n\n");
}

function peersText({ peers }: Report): string {
  return peers.map(({ title, about }) => `- **${title}**: ${about}`).join("\n");
}

function limitsText({ limits }: Report): string {
  return [
    "The same Postgres alone, asked from one Node process:",
    table(
      ["limit", "figure"],
      [
        ["write 8 KB and fdatasync", `${short(limits.fdatasyncMs)} ms`],
        ["commits of one updated row, one client", `${short(limits.oneRowCommits.clients1)} /s`],
        ["commits of one updated row, 50 clients", `${short(limits.oneRowCommits.clients50)} /s`],
        ["rows updated in commits of 500, one client", `${short(limits.batchedRows.clients1)} /s`],
        ["rows updated in commits of 500, two clients", `${short(limits.batchedRows.clients2)} /s`],
      ],
    ),
  ].join("\n\n");
}

/** A heading and a row a contender. */
function workloadTable({ ratios }: Report, name: string, workload: WorkloadReport): string {
  const columns = Object.entries(DETAILS).filter(([detail]) =>
    Object.values(workload.contenders).some(({ details }) => detail in details),
  );
  const ratioTitle = workload.baseline === undefined ? "Ratchet / it" : `it / ${workload.baseline}`;
  const rows = Object.entries(workload.contenders).map(([contender, figures]) => {
    const ratio = ratios[name]?.[contender];
    const cells = columns.map(([detail]) => (detail in figures.details ? short(figures.details[detail] ?? 0) : ""));
    const first = [
      figures.title,
      short(figures.median),
      figures.values.length === 1 ? "" : `${short(figures.min)}–${short(figures.max)}`,
      ratio === undefined ? "" : times(ratio),
    ];
    return [first, cells, [settingsText(figures)]].flat();
  });
  const heads = [`**${name}**`, workload.unit, "range", ratioTitle, ...columns.map(([, title]) => title), "settings"];
  return `### ${capitalized(workload.title)}\n\n${table(heads, rows)}`;
}

function settingsText({ settings = {} }: Figures): string {
  return Object.entries(settings)
    .map(([name, setting]) => `${name} ${String(setting)}`)
    .join(", ");
}

function targetsTable(report: Report): string {
  const rows = TARGETS.flatMap((target) => {
    const found = target.find(report);
    const bound = target.atLeast === undefined ? `at most ${target.atMost ?? ""}` : `at least ${target.atLeast}`;
    return found === null
      ? []
      : [[target.workload, target.text, bound, short(found), isReached(target, found) ? "yes" : "**no**"]];
  });
  return rows.length === 0
    ? ""
    : `### What is to be reached\n\n${table(["workload", "figure", "target", "found", "reached"], rows)}`;
}

/** A table as oxfmt writes it. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = heads.map((head, column) => Math.max(3, head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(heads), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)].join("\n");
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
