/** What `data inspect` found, as its page shows it. */
import type { Inspection } from "../core/data/inspect.ts";
import { orientationOf } from "../core/data/orientation.ts";
import { transformsFor } from "../core/data/suggest.ts";
import { pluralText } from "../core/figures.ts";
import type { DataView } from "../reports/mod.ts";

/** Formats whose readers take the setting `transpose`. */
const TURNED: readonly string[] = ["csv", "mtx"];

/** Whether rows can become columns by a setting of the format's reader. */
export const canTurn = ({ format }: Inspection): boolean => TURNED.includes(format);

/** Formats whose readers take the setting `axes`. */
const OF_AXES: readonly string[] = ["numpy", "mat", "hdf5", "pickle"];

/** How rows and columns of a format are turned. */
function turning({ format }: Inspection): string {
  if (TURNED.includes(format)) return "--setting transpose=true turns them";
  const axes = '--setting "axes=[sample, row]" makes rows of columns';
  if (format === "dense_npy") return `--format numpy ${axes}`;
  return OF_AXES.includes(format) ? axes : "turn the matrix before it is read";
}

export function orientation(seen: Inspection) {
  const none = { rowNames: null, columnNames: null, shape: null };
  return orientationOf({ ...seen.source ?? none, likeness: seen.sample.likeness }, turning(seen));
}

export function dataView(seen: Inspection): DataView {
  const { path, format, rows, columns, dataType, sample, files, source, portrait } = seen;
  return {
    path,
    format,
    rows,
    columns,
    sparse: dataType === "sparse" || format === "csr_npz",
    shape: source?.shape ?? null,
    rateHz: source?.rate_hz ?? null,
    parts: source ? pluralText(source.sources, "source") : pluralText(files.length, "file"),
    ...transformsFor(sample),
    orientation: orientation(seen),
    sample,
    portrait: portrait ?? null,
    members: source?.members ?? [],
    notes: source?.notes ?? [],
    rowNames: source?.rowNames ?? null,
    columnNames: source?.columnNames ?? null,
    tables: source?.tables ?? [],
  };
}
