/** Signals side by side. */
import { bScan, type BScanDiagnostic, standing } from "../../core/diagnostics/b_scan.ts";
import type { RunData } from "../../core/runs/types.ts";
import { tileLines } from "../charts/rasters.ts";
import type { Drawing } from "../drawing.ts";
import { count, error, plural } from "../format.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { valueUnit } from "../units.ts";
import { momentText } from "../when.ts";

/** Fewer records are drawn wider, so that the picture is not a strip. */
const LEAST_WIDTH = 128;

/** Each column again `times`. */
function widened(values: readonly number[], width: number, times: number): number[] {
  return Array.from(
    { length: values.length * times },
    (_, i) => values[Math.floor(i / (width * times)) * width + Math.floor((i % (width * times)) / times)]!,
  );
}

function draw(data: BScanDiagnostic, run: RunData, numbering: Numbering): Html {
  const records = data.rows.length, depth = data.truth.length / records;
  const isWhole = records > 0 && Number.isInteger(depth) && depth > 0 && data.truth.length <= 1 << 20 &&
    data.reconstruction.length === data.truth.length && data.range.length === 2;
  if (!isWhole) return missing("The records could not be drawn: b_scan.json has lists of other lengths.");
  const times = Math.max(1, Math.floor(LEAST_WIDTH / records));
  const drawn = (values: readonly number[]) => widened(standing(values, records), records, times);
  const raster = { channels: 1, width: records * times, height: depth };
  const [truth, rebuilt] = [drawn(data.truth), drawn(data.reconstruction)];
  const apart = truth.map((value, i) => rebuilt[i]! - value);
  const most = apart.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
  const range = [0, 255] as const;
  const [low, high] = data.range as [number, number];
  const figure = numbering.figure(
    tileLines([{
      name: "",
      tiles: [
        { values: truth, raster, range, says: "truth" },
        { values: rebuilt, raster, range, says: "reconstruction" },
        { values: apart, raster, range: [-most, most], differences: true, says: "error" },
      ],
    }], {
      title: "Records side by side",
      description: `${records} records of ${data.samples} samples: truth, reconstruction and error.`,
      heads: ["truth", "reconstruction", "error"],
      side: 300,
    }),
    markup`Records side by side (B-scan), each a column from its first sample at the top to its last one: ${
      records < data.total
        ? `${count(records)} of ${count(data.total)} records of all parts, evenly spread,`
        : `all ${count(records)} records`
    } in the order of the files, after ${momentText(run, data.epoch)}. Black is ${error(low)} and white ${
      error(high)
    }, in ${
      valueUnit(run.config)
    }; the error is red where the reconstruction is larger, and blue where it is smaller, up to ${
      error(most / 255 * (high - low))
    }.${
      data.every > 1
        ? ` Of ${plural(data.every, "neighbouring sample")} the one furthest from the record’s mean is drawn.`
        : ""
    }${data.channels > 1 ? ` The first of ${count(data.channels)} channels is drawn.` : ""}`,
  );
  return markup`<div class="narrow">${figure}</div>`;
}

export const bScanDrawing: Drawing<BScanDiagnostic> = { diagnostic: bScan, title: "Records side by side", draw };
