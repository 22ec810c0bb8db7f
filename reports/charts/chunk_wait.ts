import * as Plot from "@observablehq/plot";
import { axis } from "./axis.ts";
import { chart } from "./plot.ts";
import { duration } from "../format.ts";
import { seriesColor } from "../theme.ts";

export interface ChunkWait {
  readonly firstStep: number;
  readonly steps: number;
  readonly openWaitMs: number;
  readonly batchWaitMs: number;
}

export const CHUNK_WAIT_COLOR = seriesColor(4);
export const BATCH_WAIT_COLOR = seriesColor(1);
const BARS = 160;

/** Joins neighbouring passes and averages their waits, so that at most `limit` bars are drawn. */
function joined(passes: readonly ChunkWait[], limit: number): ChunkWait[] {
  const group = Math.ceil(passes.length / limit);
  const bars: ChunkWait[] = [];
  for (let i = 0; i < passes.length; i += group) {
    const part = passes.slice(i, i + group);
    const last = part.at(-1)!;
    bars.push({
      firstStep: part[0]!.firstStep,
      steps: last.firstStep + last.steps - part[0]!.firstStep,
      openWaitMs: part.reduce((s, p) => s + p.openWaitMs, 0) / part.length,
      batchWaitMs: part.reduce((s, p) => s + p.batchWaitMs, 0) / part.length,
    });
  }
  return bars;
}

/** The waits in each pass over a chunk as stacked bars: until the chunk was open, and for its batches. */
export function chunkWait(passes: readonly ChunkWait[]): string {
  const bars = joined(passes, BARS);
  const total = bars.map((b) => b.openWaitMs + b.batchWaitMs);
  const first = bars[0]!;
  const last = bars.at(-1)!;
  const x = axis([first.firstStep, last.firstStep + last.steps], { whole: true, pad: 0.015 });
  const y = axis(total, { zero: true, ticks: 5 });
  const bar = (from: (b: ChunkWait) => number, to: (b: ChunkWait) => number, fill: string) =>
    Plot.rect(bars.filter((b) => to(b) > from(b)), {
      x1: "firstStep",
      x2: (b: ChunkWait) => b.firstStep + b.steps,
      y1: from,
      y2: to,
      fill,
      insetLeft: bars.length > 80 ? 0.2 : 0.5,
      insetRight: bars.length > 80 ? 0.2 : 0.5,
    });
  return chart({
    title: "Waiting in each pass over a chunk",
    description: `${passes.length} passes; the longest wait is ${duration(Math.max(...total) / 1000)}.`,
    x: { ...x, label: "step" },
    y: { ...y, label: "wait per pass", unit: "ms" },
    marks: [
      bar(() => 0, (b) => b.openWaitMs, CHUNK_WAIT_COLOR),
      bar((b) => b.openWaitMs, (b) => b.openWaitMs + b.batchWaitMs, BATCH_WAIT_COLOR),
    ],
  });
}
