/** Parquet tables (`.parquet`), which are read in a worker. */
import type { Reader } from "./reader.ts";
import { openInWorker } from "./worker_client.ts";

const MAGIC = "PAR1";

export const parquet: Reader = {
  format: "parquet",
  about: "a Parquet table",
  claims: (_, head) => String.fromCharCode(...head.subarray(0, MAGIC.length)) === MAGIC,
  open: (path, options) => openInWorker("parquet", path, options),
};
