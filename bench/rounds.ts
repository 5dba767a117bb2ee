import type { Sample } from "./measure.ts";
import { short } from "./report/numbers.ts";
import { type Figures, figuresOf, type WorkloadReport } from "./report/report.ts";
import type { BenchContext, Contender, Workload } from "./workload.ts";

/**
 * Measures a workload's contenders in turn, `rounds` times over, each round beginning with another one. One that fails is
 * left out from then on, and `onFailure` hears which one and why.
 */
export async function measureWorkload(
  workload: Workload,
  context: BenchContext,
  rounds: number,
  onFailure: (what: string, error: unknown) => void,
): Promise<WorkloadReport> {
  const { contenders, close } = await workload.open(context);
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  try {
    for (let round = 0; round < Math.min(rounds, workload.mostRounds ?? rounds); round++) {
      const turn = [...samples.keys()];
      const first = round % Math.max(1, turn.length);
      for (const contender of [...turn.slice(first), ...turn.slice(0, first)]) {
        const beganMs = Date.now();
        try {
          const sample = await contender.measure();
          samples.get(contender)?.push(sample);
          process.stderr.write(
            `${workload.name}  round ${round + 1}  ${contender.name}  ${short(sample.value)} ${workload.unit}  (${((Date.now() - beganMs) / 1000).toFixed(1)} s)\n`,
          );
        } catch (error) {
          samples.delete(contender);
          onFailure(`${workload.name}, ${contender.name}`, error);
        }
      }
    }
  } finally {
    await close();
  }
  const { title, unit, better, baseline } = workload;
  return {
    title,
    unit,
    better,
    ...(baseline === undefined ? {} : { baseline }),
    contenders: Object.fromEntries(
      [...samples].map(([contender, found]) => [contender.name, withSettings(contender, found)]),
    ),
  };
}

function withSettings({ title, settings }: Contender, samples: readonly Sample[]): Figures {
  return settings === undefined ? figuresOf(title, samples) : { ...figuresOf(title, samples), settings };
}
