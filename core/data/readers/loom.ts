/** Loom files (`.loom`), which are read in a process of their own. */
import { hasNames, isHdf5 } from "./hdf5_names.ts";
import type { Reader } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";

export const loom: Reader = {
  format: "loom",
  about: "a loom file",
  claims: (path, head) => isHdf5(head) && (/\.loom$/i.test(path) || hasNames(path, "col_attrs", "row_attrs", "matrix")),
  open: (path, options) => openElsewhere("loom", path, options),
};
