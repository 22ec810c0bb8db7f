/**
 * Makes data/hsmm from Debian's package r-bioc-hsmmsinglecell: the HSMM matrix as CSR chunks in the layout of
 * scipy.sparse.save_npz, gene names and the hour of each cell. Needs apt-get and dpkg-deb; the same bytes every time.
 *
 *     deno run -A scripts/make_hsmm.ts [FOLDER]
 */
import { fromFileUrl, join } from "@std/path";
import { gzipSync, type Zippable, zipSync } from "fflate";
import { withPackage } from "./debian_package.ts";
import { column, readRData, type RValue, strings } from "./r_data.ts";

const PACKAGE = "r-bioc-hsmmsinglecell";
const CHUNKS = 4;
/** Zip dates are local time, so a date without a zone is the same bytes everywhere. */
const ZIP_DATE = new Date(1980, 0, 1);
const DEFLATE = { level: 9, mem: 12 } as const;

interface Csr {
  readonly data: Float32Array<ArrayBuffer>;
  readonly indices: Int32Array<ArrayBuffer>;
  readonly indptr: Int32Array<ArrayBuffer>;
  readonly shape: BigInt64Array<ArrayBuffer>;
}

/** A one-dimensional array as numpy.save writes it, format 1.0; a 0-dimensional one for bytes. */
function npy(array: Float32Array | Int32Array | BigInt64Array | Uint8Array): Uint8Array<ArrayBuffer> {
  const [descr, shape] = array instanceof Uint8Array
    ? [`|S${array.length}`, "()"]
    : [array instanceof Float32Array ? "<f4" : array instanceof Int32Array ? "<i4" : "<i8", `(${array.length},)`];
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = Math.ceil((10 + header.length + 1) / 64) * 64;
  const file = new Uint8Array(padded + array.byteLength).fill(0x20, 10, padded);
  file.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, (padded - 10) & 0xff, (padded - 10) >> 8]);
  file.set(new TextEncoder().encode(header), 10);
  file[padded - 1] = 0x0a;
  file.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), padded);
  return file;
}

function npz(csr: Csr): Uint8Array<ArrayBuffer> {
  const members: Zippable = {};
  const arrays = {
    indices: csr.indices,
    indptr: csr.indptr,
    format: new TextEncoder().encode("csr"),
    shape: csr.shape,
    data: csr.data,
  };
  for (const [name, array] of Object.entries(arrays)) members[`${name}.npy`] = npy(array);
  return zipSync(members, { ...DEFLATE, mtime: ZIP_DATE, os: 3 });
}

/** Rows [first, last) of a rows x columns matrix given row by row, as floats; what rounds to 0 is not stored. */
function csr(values: Float64Array, columns: number, first: number, last: number): Csr {
  const data: number[] = [], indices: number[] = [], indptr = [0];
  for (let row = first; row < last; row++) {
    for (let j = 0; j < columns; j++) {
      const value = Math.fround(values[row * columns + j]!);
      if (value === 0) continue;
      data.push(value);
      indices.push(j);
    }
    indptr.push(data.length);
  }
  return {
    data: Float32Array.from(data),
    indices: Int32Array.from(indices),
    indptr: Int32Array.from(indptr),
    shape: BigInt64Array.of(BigInt(last - first), BigInt(columns)),
  };
}

function matrix(value: RValue | undefined): { values: Float64Array; genes: string[]; cells: string[] } {
  const names = value?.attributes.get("dimnames")?.values;
  if (!(value?.values instanceof Float64Array) || !Array.isArray(names)) throw new Error("no matrix with names");
  const [genes, cells] = names.map((list) => strings(list as RValue));
  if (value.values.length !== genes!.length * cells!.length) {
    throw new Error("the matrix has not the size of its names");
  }
  return { values: value.values, genes: genes!, cells: cells! };
}

async function make(target: string): Promise<void> {
  await withPackage(PACKAGE, async (folder, copyright) => {
    const source = (name: string) => join(folder, "usr/lib/R/site-library/HSMMSingleCell/data", `${name}.rda`);
    const read = async (name: string) => (await readRData(source(name))).get(name);

    // R keeps matrices column by column, so genes x cells there is cells x genes, row by row, here.
    const { values, genes, cells } = matrix(await read("HSMM_expr_matrix"));
    const annotation = await read("HSMM_gene_annotation");
    const sheet = await read("HSMM_sample_sheet");
    for (const [names, frame] of [[genes, annotation], [cells, sheet]] as const) {
      if (strings(frame?.attributes.get("row.names")).join() !== names.join()) {
        throw new Error("the names do not match");
      }
    }

    await Deno.mkdir(target, { recursive: true });
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const [first, last] = [chunk, chunk + 1].map((k) => Math.round(k * cells.length / CHUNKS)) as [number, number];
      await Deno.writeFile(join(target, `hsmm_${chunk}.npz`), npz(csr(values, genes.length, first, last)));
    }
    const symbols = strings(column(annotation, "gene_short_name"));
    const table = genes.map((id, j) => `${symbols[j]}\t${id}\n`).join("");
    await Deno.writeFile(
      join(target, "genes.tsv.gz"),
      gzipSync(new TextEncoder().encode(table), { ...DEFLATE, mtime: 0 }),
    );
    const hours = strings(column(sheet, "Hours"));
    await Deno.writeTextFile(join(target, "labels.txt"), hours.map((hour) => `${hour} h\n`).join(""));
    await Deno.writeTextFile(join(target, "LICENSE"), copyright);
  });
}

if (import.meta.main) await make(Deno.args[0] ?? fromFileUrl(new URL("../data/hsmm", import.meta.url)));
