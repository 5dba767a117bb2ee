import { writeFileSync } from "node:fs";
import { inspect } from "node:util";

import { type ChaosOptions, readOptions } from "./options.ts";
import { describeFindings, describeRun } from "./report.ts";
import { runChaos } from "./runChaos.ts";

/** How the program ends: every count is 0; one is not; it could not run. */
const STATUS = { allZero: 0, found: 1, failed: 2 } as const;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function run(options: ChaosOptions): Promise<number> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted.abort(new Error(`The run was ended by ${signal}.`));
    });
  }
  const result = await runChaos(options, print, interrupted.signal);
  const report = describeRun(result);
  print(`\n${report}`);
  for (const line of describeFindings(result)) {
    print(line);
  }
  if (options.report !== null) {
    writeFileSync(options.report, report);
  }
  return result.counts.every(({ findings }) => findings.length === 0) ? STATUS.allZero : STATUS.found;
}

async function runCommandLine(): Promise<number> {
  try {
    return await run(readOptions(process.argv.slice(2)));
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`);
    return STATUS.failed;
  }
}

// oxlint-disable-next-line unicorn/no-process-exit -- A fault that never came back would keep the run from ending.
process.exit(await runCommandLine());
