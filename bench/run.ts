/**
 * One step of one peer, in this process: `node --conditions=ratchet-source bench/run.ts <peer> <step> '<RunOptions>'`.
 * Prints a {@link StepAnswer} as one line of JSON.
 */
import type { Peer, RunOptions } from "./peer.ts";
import { loadPeer } from "./peers/index.ts";
import type { Step, StepAnswer } from "./step.ts";

const [name = "", step = "", optionsText = "{}"] = process.argv.slice(2);
const peer = await loadPeer(name);
const options = JSON.parse(optionsText) as RunOptions;
const before = process.cpuUsage();
const result = await run(peer, step as Step);
const used = process.cpuUsage(before);
const answer: StepAnswer<unknown> = { result, nodeCpuMs: (used.user + used.system) / 1000 };
// Whatever a peer left open ends here.
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0));

async function run({ setUp, fill, drain, one, enqueue = {} }: Peer, asked: Step): Promise<unknown> {
  switch (asked) {
    case "prepare":
      await setUp(options);
      return options.jobs > 0 ? fill(options) : null;
    case "drain":
      return drain(options);
    case "one":
      return demand(one)(options);
    case "serial":
      return demand(enqueue.serial)(options);
    case "concurrent":
      return demand(enqueue.concurrent)(options);
    case "bulk":
      return demand(enqueue.bulk)(options);
  }
}

function demand<Method>(method: Method | undefined): Method {
  if (method === undefined) {
    throw new Error(`${name} has no step ${step}.`);
  }
  return method;
}
