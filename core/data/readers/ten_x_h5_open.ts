/** The .h5 files of Cell Ranger: version 3 has one matrix of all features, version 2 one group for each genome. */
import { UserError } from "../../errors.ts";
import { countText } from "../../figures.ts";
import { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import { someNames } from "../../missing.ts";
import { toldApart } from "../annotation_text.ts";
import { csrRows, requireHeld } from "./hdf5_rows.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { requireNoSettings } from "./settings.ts";

function textsOf(file: Hdf5File, array: Hdf5Array | undefined): string[] | null {
  if (!array?.isText || array.shape.length !== 1) return null;
  requireHeld(file, array);
  return file.texts(array, 0, array.shape[0]!);
}

/** The group that is read. @throws {UserError} where there is none, or several and none is named */
function groupOf(file: Hdf5File, member: string | undefined): string {
  const groups = file.arrays.map(({ path }) => path).filter((path) => path.endsWith("/indptr"))
    .map((path) => path.slice(0, -"/indptr".length));
  if (member !== undefined) {
    if (groups.includes(member)) return member;
    throw new UserError("data.member", `${file.path} has no ${member}`, `it has ${someNames(groups)}`);
  }
  if (groups.length === 1) return groups[0]!;
  if (groups.length === 0) throw new UserError(file.path, "holds no matrix of Cell Ranger");
  throw new UserError(
    file.path,
    `holds matrices of several genomes: ${someNames(groups)}`,
    `name one: data: {member: ${groups[0]}}`,
  );
}

export async function openTenXH5(path: string, options: ReaderOptions): Promise<OpenSource> {
  requireNoSettings(options, "10x");
  const file = await Hdf5File.open(path);
  try {
    const group = groupOf(file, options.member);
    const at = (name: string) => file.array(`${group}/${name}`);
    const [data, indices, indptr, shape] = ["data", "indices", "indptr", "shape"].map(at);
    if (!data?.values || !indices?.values || !indptr?.values || !shape?.values || shape.shape[0] !== 2) {
      throw new UserError(path, `${group} is not a matrix of Cell Ranger: data, indices, indptr or shape is missing`);
    }
    const [columns, rows] = file.numbers(shape, 0, 2) as unknown as [number, number];
    if (![rows, columns].every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new UserError(path, `${shape.path}: ${columns} x ${rows} is no shape`, "make the file again");
    }
    const rowNames = textsOf(file, at("barcodes"));
    const names = textsOf(file, at("features/name") ?? at("gene_names"));
    const ids = textsOf(file, at("features/id") ?? at("genes")) ?? names;
    for (const [what, list, wanted] of [["barcodes", rowNames, rows], ["genes", names, columns]] as const) {
      if (list === null || list.length === wanted) continue;
      throw new UserError(
        path,
        `has ${countText(list.length)} ${what} for ${countText(wanted)}`,
        "make the file again",
      );
    }
    const types = Map.groupBy(textsOf(file, at("features/feature_type")) ?? [], (type) => type);
    const [, ...others] = [...types].sort((a, b) => b[1].length - a[1].length);
    const few = others.map(([type, each]) => `${countText(each.length)} ${type}`);
    return {
      rows,
      columns,
      sparse: true,
      rowNames,
      columnNames: names && toldApart(names.map((name, i) => [name, ids?.[i] ?? ""]), 0),
      rowTables: new Map(),
      members: [{ name: group, shape: [columns, rows], type: data.type, sparse: true }],
      notes: few.length > 0 ? [`not all columns are of one type: among them are ${few.join(", ")}`] : [],
      read: (blockRows) => csrRows(file, { data, indices, indptr }, { rows, columns }, blockRows),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
