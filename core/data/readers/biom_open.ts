/** BIOM files: JSON of version 1.0 (biom_json.ts), and HDF5 of versions 2.0 and 2.1 with the matrix by samples, and metadata of samples as columns. */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { Hdf5File } from "../../formats/hdf5.ts";
import { ioError } from "../../formats/io_error.ts";
import { roundingNote } from "../../formats/values.ts";
import { openBiomJson } from "./biom_json.ts";
import { isHdf5 } from "./hdf5_names.ts";
import { textColumn, textColumns } from "./hdf5_columns.ts";
import { csrRows } from "./hdf5_rows.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { refuseMember, requireNoSettings } from "./settings.ts";

const AGAIN = "make the file again, or fetch it again";

/** A BIOM file of any version. @throws {UserError} */
export function openBiom(path: string, options: ReaderOptions): Promise<OpenSource> {
  const head = new Uint8Array(8);
  try {
    using file = Deno.openSync(path);
    file.readSync(head);
  } catch (cause) {
    throw ioError(path, "open", cause);
  }
  return isHdf5(head) ? openBiomHdf5(path, options) : openBiomJson(path, options);
}

async function openBiomHdf5(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a file of the format biom");
  requireNoSettings(options, "biom");
  const file = await Hdf5File.open(path);
  try {
    // Version 2.0 has the arrays beside the identifiers, 2.1 below `matrix`.
    const group = file.array("sample/matrix/data") ? "sample/matrix" : "sample";
    const [data, indices, indptr] = ["data", "indices", "indptr"].map((name) => file.array(`${group}/${name}`));
    if (!data?.values || !indices?.values || !indptr?.values) {
      throw new UserError(path, "is no BIOM file: sample/matrix with data, indices and indptr is missing", AGAIN);
    }
    const idsOf = (axis: string) => {
      const array = file.array(`${axis}/ids`);
      return array?.isText ? textColumn(file, array) : null;
    };
    const samples = idsOf("sample"), observations = idsOf("observation");
    const shape = file.attributeNumbers("/", "shape") ?? [observations?.length ?? NaN, samples?.length ?? NaN];
    const [columns, rows] = shape as [number, number];
    if (shape.length !== 2 || ![rows, columns].every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new UserError(path, `${shape.join(" x ")} is no shape of a matrix`, AGAIN);
    }
    for (const [what, ids, wanted] of [["sample", samples, rows], ["observation", observations, columns]] as const) {
      if (ids === null || ids.length === wanted) continue;
      throw new UserError(path, `${what}/ids has ${countText(ids.length)} entries for ${countText(wanted)}`, AGAIN);
    }
    return {
      rows,
      columns,
      sparse: true,
      rowNames: samples,
      columnNames: observations,
      rowTables: textColumns(file, "sample/metadata", rows),
      members: [{ name: group, shape: [rows, columns], type: data.type, sparse: true }],
      notes: [
        "a row is a sample, a column an observation",
        ...data.type === "float64" ? roundingNote("float64") : [],
      ],
      read: (blockRows) => csrRows(file, { data, indices, indptr }, { rows, columns }, blockRows),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
