/**
 * AnnData files (https://anndata.readthedocs.io/en/stable/fileformat-prose.html): X, a layer, raw/X or an array of obsm, with the
 * names in obs and var. Files of versions 0.5, 0.6 and 0.7 and of the present encodings are read.
 */
import { UserError } from "../../errors.ts";
import { Hdf5File } from "../../formats/hdf5.ts";
import type { Hdf5Array } from "../../formats/hdf5_arrays.ts";
import { roundingNote } from "../../formats/values.ts";
import { someNames } from "../../missing.ts";
import { toldApart } from "../annotation_text.ts";
import { readFrame } from "./h5ad_frame.ts";
import { cscRows, csrRows, denseRows, type SparseArrays } from "./hdf5_rows.ts";
import type { Member, OpenSource, ReaderOptions } from "./reader.ts";
import { requireNoSettings } from "./settings.ts";

interface Matrix {
  /** As `data.member` has it: `X`, `layers/counts`, `raw/X`. */
  readonly name: string;
  readonly form: "csr" | "csc" | "dense";
  readonly rows: number;
  readonly columns: number;
  readonly values: Hdf5Array;
  readonly arrays: SparseArrays | null;
}

/** The matrix at a path of the file; null where there is none. */
function matrixAt(file: Hdf5File, path: string, name = path): Matrix | null {
  const array = file.array(path);
  if (array) {
    const [rows, columns = 1] = array.shape;
    if (array.values === undefined || rows === undefined || array.shape.length > 2) return null;
    return { name, form: "dense", rows, columns, values: array, arrays: null };
  }
  const [data, indices, indptr] = ["data", "indices", "indptr"].map((each) => file.array(`${path}/${each}`));
  if (!data?.values || !indices?.values || !indptr?.values) return null;
  const written = (file.attributeTexts(path, "encoding-type") ?? file.attributeTexts(path, "h5sparse_format"))?.[0] ??
    "";
  const form = /^(csr|csc)/.exec(written)?.[1] as "csr" | "csc" | undefined;
  const shape = file.attributeNumbers(path, "shape") ?? file.attributeNumbers(path, "h5sparse_shape");
  if (form === undefined || shape?.length !== 2 || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new UserError(
      file.path,
      `${path}: says neither csr nor csc, or no shape of two sizes`,
      "save it with anndata",
    );
  }
  return { name, form, rows: shape[0]!, columns: shape[1]!, values: data, arrays: { data, indices, indptr } };
}

/** Every matrix of the file, the one that is X first. */
function matricesOf(file: Hdf5File): Matrix[] {
  const groups = (
    parent: string,
  ) => [
    ...new Set(file.arrays.filter(({ path }) => path.startsWith(`${parent}/`)).map(({ path }) => path.split("/")[1]!)),
  ];
  const found = [
    matrixAt(file, "X"),
    matrixAt(file, "raw/X") ?? matrixAt(file, "raw.X", "raw/X"),
    ...groups("layers").map((name) => matrixAt(file, `layers/${name}`)),
    ...groups("obsm").map((name) => matrixAt(file, `obsm/${name}`)),
  ];
  return found.filter((matrix) => matrix !== null);
}

function chosen(file: Hdf5File, matrices: readonly Matrix[], member: string | undefined): Matrix {
  const wanted = member === "raw" ? "raw/X" : member ?? "X";
  const matrix = matrices.find(({ name }) => name === wanted);
  if (matrix) return matrix;
  const array = file.array(wanted);
  if (array && array.values === undefined) {
    throw new UserError(
      file.path,
      `${wanted} has values of type ${array.type}, which are not read`,
      "save it as float32",
    );
  }
  const names = matrices.map(({ name }) => name);
  const hint = names.length > 0 ? `set data.member to one of ${someNames(names)}` : "it holds no matrix at all";
  if (member === undefined) throw new UserError(file.path, "has no X", hint);
  throw new UserError("data.member", `${file.path} has no ${member}`, hint);
}

/** Names of genes; of those that are there twice, with their identifiers. */
function columnNames(file: Hdf5File, frame: string, columns: number): readonly string[] | null {
  const { index, columns: others } = readFrame(file, frame);
  if (index === null || index.length !== columns) return null;
  const ids = others.get("gene_ids") ?? others.get("gene_id") ?? [];
  return toldApart(index.map((name, at) => [name, ids[at] ?? ""]), 0);
}

export async function openH5ad(path: string, options: ReaderOptions): Promise<OpenSource> {
  requireNoSettings(options, "h5ad");
  const file = await Hdf5File.open(path);
  try {
    const matrices = matricesOf(file);
    const matrix = chosen(file, matrices, options.member);
    const { rows, columns, form, values, arrays } = matrix;
    const obs = readFrame(file, "obs");
    if (obs.index && obs.index.length !== rows) {
      throw new UserError(
        path,
        `${matrix.name} has ${rows} rows, but obs has ${obs.index.length}`,
        "make the file again",
      );
    }
    const others = matrices.filter(({ name }) => name !== matrix.name && !name.startsWith("obsm/")).map(({ name }) =>
      name
    );
    const frame = matrix.name === "raw/X" ? file.array("raw.var") ? "raw.var" : "raw/var" : "var";
    const fits = [...obs.columns].filter(([, texts]) => texts.length === rows);
    return {
      rows,
      columns,
      sparse: form !== "dense",
      rowNames: obs.index,
      columnNames: matrix.name.startsWith("obsm/") ? null : columnNames(file, frame, columns),
      rowTables: new Map(fits),
      members: matrices.map((each): Member => ({
        name: each.name,
        shape: [each.rows, each.columns],
        type: each.values.type,
        sparse: each.form !== "dense",
      })),
      notes: [
        ...others.length > 0 ? [`${matrix.name} is read; the file also has ${someNames(others)} (data.member)`] : [],
        ...values.type === "float64" ? roundingNote("float64") : [],
      ],
      read(blockRows) {
        const size = { rows, columns };
        if (form === "dense") return denseRows(file, values, size, blockRows);
        return form === "csr"
          ? csrRows(file, arrays!, size, blockRows)
          : cscRows(file, arrays!, size, blockRows, options.scratch);
      },
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}
