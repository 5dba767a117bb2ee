import { type Browser, chromium } from "playwright-core";

import { startServerProgram } from "../graphql/program.ts";
import { describeMachine, ownVersion } from "../machine.ts";
import { short } from "../report/numbers.ts";
import { type BenchServer, startBenchServer } from "../server.ts";
import { findChromium } from "../../test/support/programs.ts";
import { withRatchetDatabase } from "../workloads/ratchetDatabase.ts";
import { type Amount, type Rows, addJobs } from "./jobs.ts";
import { type MeasuredPage, type Paint, measurePaint } from "./paints.ts";

const NO_JOB = ".empty";

function pagesOf({ failedId, longId }: Rows, { hours }: Amount): readonly MeasuredPage[] {
  // Nearly as far back as they reach, which is below nearly all others for a list that begins with the newest.
  const longAgo = new Date(Date.now() - hours * 0.99 * 3_600_000).toISOString();
  return [
    { title: "overview", path: "/", useful: ".tiles" },
    { title: "overview, its chart", path: "/", useful: ".chart rect" },
    { title: "jobs", path: "/jobs", useful: "table.jobs tbody tr" },
    { title: "jobs, a filter that finds nothing", path: "/jobs?tenant=nobody", useful: NO_JOB },
    { title: "jobs, those added first", path: `/jobs?addedTo=${longAgo}`, useful: "table.jobs tbody tr" },
    { title: "jobs, a text that is nowhere", path: "/jobs?text=nowhere", useful: NO_JOB },
    { title: "a job that failed", path: `/jobs/${failedId}`, useful: "table.plan tbody tr" },
    { title: "a job of 10,000 tasks", path: `/jobs/${longId}`, useful: "table.plan tbody tr" },
    { title: "workers", path: "/workers", useful: "h1 ~ *:not(.loading)" },
    { title: "add a job", path: "/add", useful: "main select option" },
  ];
}

/**
 * Measures the dashboard in a real browser and prints it: from the navigation to the first useful paint of each page, with
 * an empty cache, and the bytes that takes, for each number of jobs in the tables. `npm run build` makes the pages.
 */
export async function measureDashboard({
  rounds,
  amounts,
}: {
  rounds: number;
  amounts: readonly Amount[];
}): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === null) {
    throw new Error("There is no Chromium: install Debian's package chromium.");
  }
  const server = await startBenchServer();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    await printSettings(server, browser, rounds);
    for (const amount of amounts) {
      await measureWith(server, browser, amount, rounds);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

function measureWith(server: BenchServer, browser: Browser, amount: Amount, rounds: number): Promise<void> {
  return withRatchetDatabase(server, async (ratchet) => {
    const pages = pagesOf(await addJobs(ratchet, amount), amount);
    const program = await startServerProgram("ratchet-open", ratchet.database.url);
    try {
      const origin = new URL(program.url).origin;
      const paints = pages.map((): Paint[] => []);
      // The first round of all makes the server's own plans, and is not counted.
      for (let round = 0; round <= rounds; round++) {
        for (const [index, page] of pages.entries()) {
          const paint = await measurePaint(browser, origin, page);
          if (round > 0) {
            paints[index]?.push(paint);
          }
        }
      }
      print([
        `| ${amount.jobs.toLocaleString("en")} jobs, ended within ${amount.hours} h | first useful paint, ms | range | kB |`,
        "| --- | --- | --- | --- |",
        ...pages.map(({ title }, index) => `| ${title} | ${cells(paints[index] ?? [])} |`),
        "",
      ]);
    } finally {
      await program.stop();
    }
  });
}

function cells(paints: readonly Paint[]): string {
  const times = paints.map(({ ms }) => ms).toSorted((one, other) => one - other);
  const bytes = paints.map((paint) => paint.bytes).toSorted((one, other) => one - other);
  const middle = Math.floor(paints.length / 2);
  return [
    short(times[middle] ?? 0),
    `${short(times[0] ?? 0)}–${short(times.at(-1) ?? 0)}`,
    short((bytes[middle] ?? 0) / 1000),
  ].join(" | ");
}

async function printSettings(server: BenchServer, browser: Browser, rounds: number): Promise<void> {
  const { processor, cores, memoryGb, system, node, postgres, postgresSettings } = await describeMachine(server, []);
  const settings = Object.entries(postgresSettings).map(([name, value]) => `${name} ${value}`);
  print([
    `${new Date().toISOString().slice(0, 10)}, ${cores} cores (${processor}), ${memoryGb} GB, ${system}. Node ${node}, ${postgres}, Chromium ${browser.version()}, ${ownVersion()}. Medians of ${rounds}; every window has an empty cache; browser, server and Postgres share the cores. Postgres: ${settings.join(", ")}.`,
    "",
  ]);
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join("\n")}\n`);
}
