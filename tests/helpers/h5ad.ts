/** Writes small AnnData files and files of Cell Ranger, by the library that reads them too. */
import { File, type Group, ready } from "h5wasm/node";

export type Column = readonly string[] | { readonly categories: readonly string[]; readonly codes: readonly number[] };

export interface Matrix {
  readonly form: "csr" | "csc" | "dense";
  /** Rows of all values. */
  readonly values: readonly (readonly number[])[];
  readonly type?: "<f" | "<d" | "<i" | "<q";
  readonly compressed?: boolean;
}

export interface AnnData {
  readonly cells: readonly string[];
  readonly genes: readonly string[];
  readonly obs?: Readonly<Record<string, Column>>;
  /** By path: `X`, `layers/counts`, `raw/X`. */
  readonly matrices: Readonly<Record<string, Matrix>>;
}

const ARRAYS = { "<f": Float32Array, "<d": Float64Array, "<i": Int32Array, "<q": BigInt64Array } as const;

function array(type: NonNullable<Matrix["type"]>, values: readonly number[]) {
  return type === "<q" ? BigInt64Array.from(values, BigInt) : ARRAYS[type].from(values as number[]);
}

/** The three arrays of a matrix by its rows, or by its columns. */
function compressed(values: Matrix["values"], byColumn: boolean) {
  const columns = values[0]?.length ?? 0, data: number[] = [], indices: number[] = [], indptr = [0];
  const [outer, inner] = byColumn ? [columns, values.length] : [values.length, columns];
  for (let i = 0; i < outer; i++) {
    for (let j = 0; j < inner; j++) {
      const value = byColumn ? values[j]![i]! : values[i]![j]!;
      if (value === 0) continue;
      data.push(value);
      indices.push(j);
    }
    indptr.push(data.length);
  }
  return { data, indices, indptr };
}

function groupOf(file: File, path: string): Group {
  const names = path.split("/");
  names.forEach((_, depth) => {
    const each = names.slice(0, depth + 1).join("/");
    if (each !== "" && file.get(each) === null) file.create_group(each);
  });
  return file.get(path) as Group;
}

function texts(group: Group, name: string, values: readonly string[]): void {
  group.create_dataset({ name, data: [...values], dtype: "S" });
}

function writeMatrix(
  file: File,
  path: string,
  { form, values, type = "<f", compressed: packed = false }: Matrix,
): void {
  const shape = [values.length, values[0]?.length ?? 0];
  const parts = (length: number) =>
    packed && length > 0 ? { chunks: [Math.min(length, 7)], compression: "gzip" as const } : {};
  const parent = path.split("/").slice(0, -1).join("/"), name = path.split("/").at(-1)!;
  if (form === "dense") {
    const into = parent === "" ? file : groupOf(file, parent);
    into.create_dataset({ name, data: array(type, values.flat()), shape });
    return;
  }
  const group = groupOf(file, path);
  group.create_attribute("encoding-type", `${form}_matrix`);
  group.create_attribute("encoding-version", "0.1.0");
  group.create_attribute("shape", BigInt64Array.from(shape, BigInt));
  const { data, indices, indptr } = compressed(values, form === "csc");
  group.create_dataset({ name: "data", data: array(type, data), ...parts(data.length) });
  group.create_dataset({ name: "indices", data: Int32Array.from(indices), ...parts(indices.length) });
  group.create_dataset({ name: "indptr", data: BigInt64Array.from(indptr, BigInt) });
}

function writeFrame(file: File, path: string, index: readonly string[], columns: AnnData["obs"] = {}): void {
  const group = groupOf(file, path);
  group.create_attribute("encoding-type", "dataframe");
  group.create_attribute("_index", "names");
  texts(group, "names", index);
  for (const [name, column] of Object.entries(columns)) {
    if (!("codes" in column)) {
      texts(group, name, column);
      continue;
    }
    const category = group.create_group(name);
    category.create_attribute("encoding-type", "categorical");
    category.create_dataset({ name: "codes", data: Int8Array.from(column.codes) });
    texts(category, "categories", column.categories);
  }
}

export async function writeH5ad(path: string, { cells, genes, obs, matrices }: AnnData): Promise<void> {
  await ready;
  const file = new File(path, "w");
  for (const [name, matrix] of Object.entries(matrices)) writeMatrix(file, name, matrix);
  writeFrame(file, "obs", cells, obs);
  writeFrame(file, "var", genes);
  if (matrices["raw/X"]) writeFrame(file, "raw/var", matrices["raw/X"].values[0]!.map((_, i) => `raw${i}`));
  file.flush();
  file.close();
}

/** @param groups of version 2, one for each genome; null for version 3 */
export async function writeTenXH5(
  path: string,
  cells: Matrix["values"],
  groups: readonly string[] | null,
): Promise<void> {
  await ready;
  const file = new File(path, "w");
  const { data, indices, indptr } = compressed(cells, false);
  const genes = cells[0]!.map((_, i) => `G${i}`), ids = cells[0]!.map((_, i) => `E${i}`);
  for (const name of groups ?? ["matrix"]) {
    const group = groupOf(file, name);
    texts(group, "barcodes", cells.map((_, i) => `C${i}`));
    group.create_dataset({ name: "data", data: Int32Array.from(data) });
    group.create_dataset({ name: "indices", data: BigInt64Array.from(indices, BigInt) });
    group.create_dataset({ name: "indptr", data: BigInt64Array.from(indptr, BigInt) });
    group.create_dataset({ name: "shape", data: Int32Array.of(genes.length, cells.length) });
    if (groups) {
      texts(group, "gene_names", genes);
      texts(group, "genes", ids);
      continue;
    }
    const features = group.create_group("features");
    texts(features, "name", genes);
    texts(features, "id", ids);
    texts(features, "feature_type", genes.map((_, i) => i === 0 ? "Antibody Capture" : "Gene Expression"));
  }
  file.flush();
  file.close();
}
