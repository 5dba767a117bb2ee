import type { Workload } from "../workload.ts";
import { bigJob } from "./bigJob.ts";
import { growth } from "./growth.ts";
import { peerWorkloads } from "./peerWorkloads.ts";
import { slowHandlers } from "./slowHandlers.ts";
import { workers } from "./workers.ts";

/** All workloads, in the order of the report. */
export const WORKLOADS: readonly Workload[] = [...peerWorkloads, workers, bigJob, slowHandlers, growth];
