/** The sections of diagnostics, in the order of a report. That of a new diagnostic is a file beside this one and a line here. */
import type { Drawing } from "../drawing.ts";
import { neighboursDrawing } from "./neighbours.ts";
import { networkDrawing } from "./network.ts";

// deno-lint-ignore no-explicit-any -- each draws data of its own type
export const DRAWINGS: readonly Drawing<any>[] = [neighboursDrawing, networkDrawing];
