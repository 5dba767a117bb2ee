import type { Sample } from "./measure.ts";
import type { Peer, Settings } from "./peer.ts";
import type { BenchServer } from "./server.ts";

/** What all workloads of one run of the harness share. */
export interface BenchContext {
  readonly server: BenchServer;
  /** Those that can run here and were not left out. */
  readonly peers: readonly Peer[];
  /** By how much the sizes that peers and workloads name are multiplied. */
  readonly scale: number;
  /** Finished jobs in the tables of the workload about growth: a million in a full run. */
  readonly manyJobs: number;
}

/** One row of a workload's table: a system, or Ratchet in some condition. */
export interface Contender {
  /** A peer's name, or what the condition is, such as `2 workers`. */
  readonly name: string;
  /** For tables. */
  readonly title: string;
  /** Of a peer. */
  readonly settings?: Settings;
  readonly measure: () => Promise<Sample>;
}

/** Contenders ready to be measured, in turn. */
export interface OpenWorkload {
  readonly contenders: readonly Contender[];
  readonly close: () => Promise<void>;
}

/** One line of the benchmark. */
export interface Workload {
  /** As on the command line and in the JSON. */
  readonly name: string;
  readonly title: string;
  /** Of a sample's `value`. */
  readonly unit: string;
  readonly better: "higher" | "lower";
  /** Rounds of a full run if others than asked for would say no more. */
  readonly mostRounds?: number;
  /** True: a quick run leaves it out, unless it is asked for. */
  readonly fullOnly?: boolean;
  /** The contender that the others are divided by, for a workload of Ratchet alone. Default: Ratchet is divided by each peer. */
  readonly baseline?: string;
  readonly open: (context: BenchContext) => Promise<OpenWorkload>;
}

/** Contenders that need nothing opened. */
export function ready(contenders: readonly Contender[]): Promise<OpenWorkload> {
  return Promise.resolve({ contenders, close: () => Promise.resolve() });
}

/** A size in a run of this scale, at least 1. */
export function scaled(size: number, { scale }: BenchContext): number {
  return Math.max(1, Math.round(size * scale));
}
