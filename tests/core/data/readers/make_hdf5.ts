/** Writes HDF5 files for tests, by the library that the reader uses too; tests/golden/hdf5.h5 is h5py's. */
import { File, type GuessableDataTypes, ready } from "h5wasm/node";

export interface Dataset {
  readonly data: GuessableDataTypes;
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly chunks?: readonly number[];
  readonly attributes?: Readonly<Record<string, GuessableDataTypes>>;
}

/** Paths of arrays, in groups that are made for them. */
export async function makeHdf5(path: string, arrays: Readonly<Record<string, Dataset>>): Promise<void> {
  await ready;
  const file = new File(path, "w");
  for (const [name, { data, shape, dtype, chunks, attributes = {} }] of Object.entries(arrays)) {
    const folders = name.split("/").slice(0, -1);
    folders.forEach((_, depth) => {
      const group = folders.slice(0, depth + 1).join("/");
      if (!file.paths().includes(group)) file.create_group(group);
    });
    const dataset = file.create_dataset({
      name,
      data,
      shape: shape && [...shape],
      dtype,
      chunks: chunks && [...chunks],
      ...chunks ? { compression: "gzip" as const } : {},
    });
    for (const [key, value] of Object.entries(attributes)) dataset.create_attribute(key, value);
  }
  file.flush();
  file.close();
}
