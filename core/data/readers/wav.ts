/** Recordings as WAV files: one, a folder, or a glob. A row is a file, or a window of one, of shape [channels, samples]. */
import { UserError } from "../../errors.ts";
import { InputFile } from "../../formats/file.ts";
import { isWav, readWav, readWavHead, type WavHead } from "../../formats/wav.ts";
import { ahead } from "./ahead.ts";
import { LastFile } from "./open_files.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { holdsRecords, PLAIN, type RecordFile, recordFiles, type Together } from "./records.ts";
import { refuseMember, Settings } from "./settings.ts";
import { signalSource, windowsOf } from "./windows.ts";

const RECORDINGS = { about: "recordings", pattern: /\.(wave?|bwf|rf64)$/i, shown: ".wav" };
const FILES_AHEAD = 8;

export const wav = {
  together: true,
  format: "wav",
  about: "a WAV recording",
  claims: (path, head) => head.length > 0 ? isWav(head) : holdsRecords(path, RECORDINGS),
  open: openWav,
} as const satisfies Together;

async function openWav(path: string, options: ReaderOptions): Promise<OpenSource> {
  refuseMember(options, "a WAV recording");
  const settings = new Settings(options, "wav");
  const windows = windowsOf(settings);
  settings.finish();
  const { files: found, notes } = recordFiles(path, RECORDINGS);
  const files = await Array.fromAsync(ahead(found, FILES_AHEAD, async (each) => {
    using file = await InputFile.open(each.path);
    return { ...each, ...await readWavHead(file) };
  }));
  const [{ channels, rate }] = files as [RecordFile & WavHead];
  for (const file of files) {
    if (file.channels === channels && file.rate === rate) continue;
    const [own, first] = [file, files[0]!].map((each) => `${each.channels} channels of ${each.rate} Hz`);
    throw new UserError(file.path, `has ${own}, ${files[0]!.name} has ${first}`, "name recordings of one kind");
  }
  const last = new LastFile();
  const records = files.map(({ name, samples }) => ({ name, samples }));
  const read = async (record: number, from: number, count: number) => {
    const head = files[record]!;
    return readWav(await last.at(head.path), head, from, count);
  };
  const source = signalSource(path, { records, channels, read }, windows);
  const whole = [...new Set(files.filter(({ float }) => !float).map(({ bits }) => bits))].sort((a, b) => a - b);
  return {
    ...PLAIN,
    ...source,
    rate,
    notes: [
      ...notes,
      ...whole.length > 0 ? [`Values of ${whole.join(" and ")} bits were scaled to -1 to 1.`] : [],
      ...files.some(({ float, bits }) => bits === (float ? 64 : 32)) ? ["Values were rounded to float32."] : [],
      ...files.filter(({ isOpenEnded }) => isOpenEnded).map(({ name }) =>
        `The header of ${name} does not say how long it is: it was read to its end.`
      ),
      ...source.notes,
    ],
    close: () => last.close(),
  };
}
