/** The sections of diagnostics, in the order of a report. That of a new diagnostic is a file beside this one and a line here. */
import type { Drawing } from "../drawing.ts";
import { activationsDrawing } from "./activations.ts";
import { bScanDrawing } from "./b_scan.ts";
import { divergenceDrawing } from "./divergence.ts";
import { errorMapDrawing } from "./error_map.ts";
import { firingDrawing } from "./firing.ts";
import { gradientFlowDrawing } from "./gradient_flow.ts";
import { jacobianDrawing } from "./jacobian.ts";
import { neighboursDrawing } from "./neighbours.ts";
import { networkDrawing } from "./network.ts";
import { rowErrorsDrawing } from "./row_errors.ts";
import { rowsDrawing } from "./rows.ts";
import { spectrumDrawing } from "./spectrum.ts";
import { traversalDrawing } from "./traversal.ts";
import { weightsDrawing } from "./weights.ts";

// deno-lint-ignore no-explicit-any -- each draws data of its own type
export const DRAWINGS: readonly Drawing<any>[] = [
  ...[rowErrorsDrawing, rowsDrawing, bScanDrawing, errorMapDrawing, spectrumDrawing],
  ...[neighboursDrawing, traversalDrawing, jacobianDrawing],
  ...[activationsDrawing, firingDrawing, divergenceDrawing, weightsDrawing, gradientFlowDrawing, networkDrawing],
];
