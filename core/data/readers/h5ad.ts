/** AnnData files (`.h5ad`), which are read in a process of their own. */
import { hasNames, isHdf5 } from "./hdf5_names.ts";
import type { Reader } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";

export const h5ad: Reader = {
  format: "h5ad",
  about: "an AnnData file",
  claims: (path, head) => isHdf5(head) && (/\.h5ad$/i.test(path) || hasNames(path, "obs", "var", "encoding-type")),
  open: (path, options) => openElsewhere("h5ad", path, options),
};
