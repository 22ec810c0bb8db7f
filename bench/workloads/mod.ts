/** All workloads, in the order in which they run and are shown. */
import type { Workload } from "../types.ts";
import { activations } from "./activations.ts";
import { columns } from "./columns.ts";
import { news20Loss, pbmc3kLoss } from "./converge.ts";
import { dictionary } from "./dictionary.ts";
import { layers } from "./layers.ts";
import { loader } from "./loader.ts";
import { locality } from "./locality.ts";
import { million } from "./million.ts";
import { networks } from "./networks.ts";
import { networksLoss } from "./networks_loss.ts";
import { preparing } from "./preparing.ts";
import { program } from "./program.ts";
import { quality } from "./quality.ts";
import { qualityPeer } from "./quality_peer.ts";
import { replicas } from "./replicas.ts";
import { shards } from "./shards.ts";
import { small } from "./small.ts";
import { special } from "./special.ts";
import { news20, sparse } from "./steps.ts";
import { threads } from "./threads.ts";

export const WORKLOADS: readonly Workload[] = [
  sparse,
  news20,
  columns,
  pbmc3kLoss,
  news20Loss,
  small,
  networks,
  networksLoss,
  dictionary,
  activations,
  special,
  threads,
  quality,
  qualityPeer,
  million,
  loader,
  shards,
  replicas,
  locality,
  layers,
  preparing,
  program,
];
