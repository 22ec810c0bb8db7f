/** All diagnostics, in the order in which they run. A new one is a file beside this one and a line here. */
import { columns } from "./columns.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { latent } from "./latent.ts";
import { neighbours } from "./neighbours.ts";
import { network } from "./network.ts";
import { reconstruction } from "./reconstruction.ts";
import { rowErrorsDiagnostic } from "./row_errors.ts";

export const DIAGNOSTICS: readonly Diagnostic[] = [
  columns,
  latent,
  reconstruction,
  neighbours,
  network,
  rowErrorsDiagnostic,
];

export function diagnosticNamed(name: string): Diagnostic | undefined {
  return DIAGNOSTICS.find((diagnostic) => diagnostic.name === name);
}
