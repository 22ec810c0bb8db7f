/**
 * BIOM files (https://biom-format.org), counts of observations in samples: version 1.0 is JSON, versions 2.0 and 2.1 are HDF5. Samples
 * become rows. Both are read in a process of its own.
 */
import { isGzip } from "./bytes.ts";
import { hasNames, isHdf5 } from "./hdf5_names.ts";
import type { Reader } from "./reader.ts";
import { openElsewhere } from "./process_client.ts";

function isBiomText(path: string, head: Uint8Array): boolean {
  const text = new TextDecoder().decode(head);
  return /^\s*\{/.test(text) && (/\.biom$/i.test(path) || text.includes("Biological Observation Matrix"));
}

export const biom: Reader = {
  format: "biom",
  about: "a BIOM file",
  claims: (path, head) =>
    isHdf5(head)
      ? /\.biom$/i.test(path) || hasNames(path, "observation", "sample", "format-version")
      : isGzip(head)
      ? /\.biom\.gz$/i.test(path)
      : isBiomText(path, head),
  open: (path, options) => openElsewhere("biom", path, options),
};
