/** All workloads, in the order in which they run and are shown. */
import type { Workload } from "../types.ts";
import { news20, sparse } from "./steps.ts";

export const WORKLOADS: readonly Workload[] = [sparse, news20];
