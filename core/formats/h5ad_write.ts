/** Adds an array to an AnnData file (https://anndata.readthedocs.io/en/stable/fileformat-prose.html). */
import type { Dataset, File as H5File, Group } from "h5wasm/node";
import { UserError } from "../errors.ts";
import { asked, load } from "./hdf5_library.ts";

/** Values that are given to the library at once. */
const BLOCK_VALUES = 1 << 22;
/** Values of a part that is stored for itself. */
const CHUNK_VALUES = 1 << 16;

const AGAIN = "read it with anndata and write it again";

/** A group's texts by which AnnData knows what it is. */
function encode(of: Group | Dataset, type: string, version: string): void {
  for (const [name, value] of [["encoding-type", type], ["encoding-version", version]] as const) {
    if (!Object.hasOwn(of.attrs, name)) of.create_attribute(name, value, [], "S");
  }
}

/**
 * Adds `obsm[name]`, or replaces its values where the file has one of the same shape and type. Everything else stays as it is.
 * @param path of the file, which is changed
 * @param values row by row
 * @param shown what messages call the file
 * @throws {UserError}
 */
export async function addObsm(
  path: string,
  name: string,
  values: Float32Array<ArrayBuffer>,
  [rows, width]: readonly [number, number],
  shown: string,
): Promise<void> {
  const { File } = await import("h5wasm/node");
  await load();
  const ask = <T>(what: string, call: () => T, isGood: (result: T) => boolean = () => true) =>
    asked(shown, what, call, isGood);
  const file = ask("cannot be opened to add to it", () => new File(path, "a"), ({ file_id }) => file_id > 0n);
  try {
    const obsm = ask("obsm cannot be read", () => file.get("obsm") ?? newObsm(file));
    requireGroup(obsm, shown);
    const here = ask(`obsm/${name} cannot be read`, () => obsm.get(name)) as Dataset | null;
    if (here !== null) requireAlike(here, [rows, width], `${shown}: obsm["${name}"]`);
    let dataset = here;
    const some = Math.max(1, Math.floor(BLOCK_VALUES / width));
    for (let first = 0; first < rows; first += some) {
      const end = Math.min(rows, first + some);
      const block = values.subarray(first * width, end * width);
      ask(`obsm/${name} cannot be written`, () => {
        if (dataset !== null) {
          if (here === null) dataset.resize([end, width]);
          dataset.write_slice([[first, end], [0, width]], block);
          return;
        }
        const chunks = [Math.max(1, Math.min(rows, Math.floor(CHUNK_VALUES / width))), width];
        dataset = obsm.create_dataset({
          name,
          data: block,
          shape: [end, width],
          dtype: "<f",
          maxshape: [rows, width],
          chunks,
        });
        encode(dataset, "array", "0.2.0");
      });
    }
    ask("cannot be written", () => file.flush());
  } finally {
    ask("cannot be closed", () => file.close());
  }
}

function newObsm(file: H5File): Group {
  const made = file.create_group("obsm");
  encode(made, "dict", "0.1.0");
  return made;
}

function requireGroup(found: object, shown: string): asserts found is Group {
  if ("type" in found && found.type === "Group") return;
  throw new UserError(shown, "has its obsm in the form of AnnData before version 0.7", AGAIN);
}

function requireAlike({ type, shape, dtype }: Dataset, wanted: readonly number[], what: string): void {
  if (type === "Dataset" && dtype === "<f" && shape?.join() === wanted.join()) return;
  const form = type === "Dataset" ? `${shape?.join(" x ")} values of ${dtype}` : "a group";
  throw new UserError("", `${what} is there already, ${form}`, "name a file without it with --data");
}
