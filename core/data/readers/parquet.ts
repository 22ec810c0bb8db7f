/** Parquet tables (`.parquet`), which are read in a process of their own. */
import type { Reader } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";

const MAGIC = "PAR1";

export const parquet: Reader = {
  format: "parquet",
  about: "a Parquet table",
  claims: (_, head) => String.fromCharCode(...head.subarray(0, MAGIC.length)) === MAGIC,
  open: (path, options) => openElsewhere("parquet", path, options),
};
