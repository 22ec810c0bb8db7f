/** Recordings as WAV files: one, a folder, or a glob. A row is a file, or a window of one, of shape [channels, samples]. */
import { isWav, readWav, readWavHead } from "../../formats/wav.ts";
import { openRecordings } from "./recordings.ts";
import { holdsRecords, type Together } from "./records.ts";

const WAV = { about: "WAV recordings", pattern: /\.(wave?|bwf|rf64)$/i, shown: ".wav" };

export const wav = {
  together: true,
  format: "wav",
  about: "a WAV recording",
  claims: (path, head) => head.length > 0 ? isWav(head) : holdsRecords(path, WAV),
  open: (path, options) =>
    openRecordings(path, options, { format: "wav", kind: WAV, readHead: readWavHead, read: readWav }),
} as const satisfies Together;
