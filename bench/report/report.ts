import type { PhysicalLimits } from "../limits.ts";
import type { Machine } from "../machine.ts";
import type { Sample } from "../measure.ts";

/** What one contender reached in a workload. */
export interface Figures {
  readonly title: string;
  /** Of the rounds' values. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of the rounds. */
  readonly values: readonly number[];
  /** Medians of what else was seen, by name. */
  readonly details: Readonly<Record<string, number>>;
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** A workload's figures, by contender. */
export interface WorkloadReport {
  readonly title: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly baseline?: string;
  readonly contenders: Readonly<Record<string, Figures>>;
}

/** What `--json` writes. */
export interface Report {
  /** ISO time of its end. */
  readonly at: string;
  readonly took: string;
  readonly quick: boolean;
  readonly rounds: number;
  readonly machine: Machine;
  readonly limits: PhysicalLimits;
  /** Those that were measured. */
  readonly peers: readonly { readonly title: string; readonly about: string }[];
  readonly workloads: Readonly<Record<string, WorkloadReport>>;
  /** By workload and peer: Ratchet's median divided by the peer's; in workloads of Ratchet alone a condition's by the baseline's. */
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The same for Ratchet with its default settings. */
  readonly defaultRatios: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** One line each for what could not be measured, and why. */
  readonly skipped: readonly string[];
}

/** Median, range and medians of the details. */
export function figuresOf(title: string, samples: readonly Sample[]): Figures {
  const values = samples.map(({ value }) => value);
  const names = new Set(samples.flatMap(({ details }) => Object.keys(details)));
  return {
    title,
    median: medianOf(values),
    min: Math.min(...values),
    max: Math.max(...values),
    values,
    details: Object.fromEntries(
      [...names].map((name) => [name, medianOf(samples.flatMap(({ details }) => details[name] ?? []))]),
    ),
  };
}

/** Ratchet against each other contender, or each against the baseline. */
export function ratiosOf(workloads: Report["workloads"], ratchet: readonly string[]): Report["ratios"] {
  return Object.fromEntries(
    Object.entries(workloads).map(([name, { contenders, baseline }]) => {
      const own = ratchet.find((each) => each in contenders);
      const others = Object.entries(contenders).filter(([other]) => other !== own && other !== baseline);
      const of = (figures: Figures): number | null => {
        const [above, below] =
          baseline === undefined
            ? [own === undefined ? undefined : contenders[own], figures]
            : [figures, contenders[baseline]];
        return above === undefined || below === undefined ? null : above.median / below.median;
      };
      return [
        name,
        Object.fromEntries(
          others.flatMap(([other, figures]) => {
            const ratio = of(figures);
            return ratio === null ? [] : [[other, ratio]];
          }),
        ),
      ];
    }),
  );
}

function medianOf(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((first, second) => first - second);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
