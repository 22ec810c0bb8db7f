/** Recordings as FLAC files: one, a folder, or a glob. A row is a file, or a window of one, of shape [channels, samples]. */
import { type FlacHead, isFlac, readFlac, readFlacHead } from "../../formats/flac.ts";
import type { InputFile } from "../../formats/file.ts";
import type { ReaderOptions } from "./reader.ts";
import { openRecordings, type RecordingHead } from "./recordings.ts";
import { holdsRecords, type Together } from "./records.ts";

const FLAC = { about: "FLAC recordings", pattern: /\.flac$/i, shown: ".flac" };

export const flac = {
  together: true,
  format: "flac",
  about: "a FLAC recording",
  claims: (path, head) => head.length > 0 ? isFlac(head) : holdsRecords(path, FLAC),
  open: (path: string, options: ReaderOptions) => {
    // The recording that was decoded last, since the next window is mostly of the same one.
    let last: { readonly path: string; readonly values: Float32Array } | null = null;
    const read = async (file: InputFile, head: FlacHead, from: number, count: number) => {
      if (last?.path !== file.path) {
        last = null;
        last = { path: file.path, values: await readFlac(file, head) };
      }
      const { values } = last;
      if (count === head.samples) return values;
      const out = new Float32Array(head.channels * count);
      for (let channel = 0; channel < head.channels; channel++) {
        const at = channel * head.samples + from;
        out.set(values.subarray(at, at + count), channel * count);
      }
      return out;
    };
    const readHead = async (file: InputFile): Promise<FlacHead & RecordingHead> => ({
      ...await readFlacHead(file),
      float: false,
    });
    return openRecordings<FlacHead & RecordingHead>(path, options, { format: "flac", kind: FLAC, readHead, read });
  },
} as const satisfies Together;
