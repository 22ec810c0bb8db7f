/** Records of the Waveform Database: one header, a folder, or a glob of them. A row is a record, or a window of one. */
import { isWfdbHeader, readWfdb, readWfdbHead } from "../../formats/wfdb.ts";
import { openRecordings } from "./recordings.ts";
import { holdsRecords, type Together } from "./records.ts";

const WFDB = {
  about: "headers of WFDB records",
  pattern: /\.hea$/i,
  shown: ".hea",
  // Samples and annotations, which belong to the headers.
  beside: /\.(dat|mat|atr|qrs|ecg|ann)$/i,
};

export const wfdb = {
  together: true,
  format: "wfdb",
  about: "a WFDB record",
  claims: (path, head) => head.length > 0 ? WFDB.pattern.test(path) && isWfdbHeader(head) : holdsRecords(path, WFDB),
  open: (path, options) =>
    openRecordings(path, options, {
      format: "wfdb",
      kind: WFDB,
      readHead: async (file) => {
        const head = await readWfdbHead(file);
        return { ...head, bits: 32, float: true, note: `Values are in ${head.units.join(" and ")}.` };
      },
      read: (file, head, from, count) => readWfdb(file.path, head, from, count),
    }),
} as const satisfies Together;
