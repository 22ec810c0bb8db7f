/** All diagnostics, in the order in which they run. A new one is a file beside this one and a line here. */
import { activations } from "./activations.ts";
import { bScan } from "./b_scan.ts";
import { columns } from "./columns.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { divergence } from "./divergence.ts";
import { errorMap } from "./error_map.ts";
import { firing } from "./firing.ts";
import { gradientFlow } from "./gradient_flow.ts";
import { jacobian } from "./jacobian.ts";
import { latent } from "./latent.ts";
import { neighbours } from "./neighbours.ts";
import { network } from "./network.ts";
import { reconstruction } from "./reconstruction.ts";
import { rowErrorsDiagnostic } from "./row_errors.ts";
import { rows } from "./rows.ts";
import { spectrum } from "./spectrum.ts";
import { traversal } from "./traversal.ts";
import { umap } from "./umap.ts";
import { weights } from "./weights.ts";

export const DIAGNOSTICS: readonly Diagnostic[] = [
  ...[columns, latent, umap, reconstruction, rows, bScan, errorMap, spectrum],
  ...[rowErrorsDiagnostic, neighbours, traversal, jacobian],
  ...[activations, firing, divergence, weights, gradientFlow, network],
];

export function diagnosticNamed(name: string): Diagnostic | undefined {
  return DIAGNOSTICS.find((diagnostic) => diagnostic.name === name);
}
