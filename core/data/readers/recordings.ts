/** Recordings, of which every file is one: whole, or cut into windows. */
import { UserError } from "../../errors.ts";
import { InputFile } from "../../formats/file.ts";
import { ahead } from "./ahead.ts";
import { LastFile } from "./open_files.ts";
import type { OpenSource, ReaderOptions } from "./reader.ts";
import { type Kind, PLAIN, type RecordFile, recordFiles } from "./records.ts";
import { refuseMember, Settings } from "./settings.ts";
import { signalSource, windowsOf } from "./windows.ts";

/** What every recording says of itself. */
export interface RecordingHead {
  readonly channels: number;
  /** In Hz. */
  readonly rate: number;
  readonly bits: number;
  /** Whether its values are of floating point. */
  readonly float: boolean;
  /** Of each channel. */
  readonly samples: number;
  /** Whether the file's end is that of the recording, since the header does not know it. */
  readonly isOpenEnded?: boolean;
  /** What is to be known about its values, in a sentence. */
  readonly note?: string;
}

export interface Recordings<H extends RecordingHead> {
  readonly format: string;
  readonly kind: Kind;
  readHead(file: InputFile): Promise<H>;
  /** Samples [from, from + count) of shape [channels, count]. */
  read(file: InputFile, head: H, from: number, count: number): Promise<Float32Array>;
}

const FILES_AHEAD = 8;

/** Opens one recording, a folder or a glob, with the settings `window` and `hop`. */
export async function openRecordings<H extends RecordingHead>(
  path: string,
  options: ReaderOptions,
  { format, kind, readHead, read }: Recordings<H>,
): Promise<OpenSource> {
  refuseMember(options, "a recording");
  const settings = new Settings(options, format);
  const windows = windowsOf(settings);
  settings.finish();
  const { files: found, notes } = recordFiles(path, kind);
  const files = await Array.fromAsync(ahead(found, FILES_AHEAD, async (each) => {
    using file = await InputFile.open(each.path);
    return { ...each, head: await readHead(file) };
  }));
  const [first] = files as [RecordFile & { head: H }];
  const { channels, rate } = first.head;
  for (const { path, head } of files) {
    if (head.channels === channels && head.rate === rate) continue;
    const [own, other] = [head, first.head].map((each) => `${each.channels} channels of ${each.rate} Hz`);
    throw new UserError(path, `has ${own}, ${first.name} has ${other}`, "name recordings of one kind");
  }
  const last = new LastFile();
  const source = signalSource(path, {
    records: files.map(({ name, head }) => ({ name, samples: head.samples })),
    channels,
    read: async (record, from, count) => {
      const { path, head } = files[record]!;
      return await read(await last.at(path), head, from, count);
    },
  }, windows);
  const heads = files.map(({ head }) => head);
  const whole = [...new Set(heads.filter(({ float }) => !float).map(({ bits }) => bits))].sort((a, b) => a - b);
  return {
    ...PLAIN,
    ...source,
    rate,
    notes: [
      ...notes,
      ...whole.length > 0 ? [`Values of ${whole.join(" and ")} bits were scaled to -1 to 1.`] : [],
      ...heads.some(({ float, bits }) => bits === (float ? 64 : 32)) ? ["Values were rounded to float32."] : [],
      ...new Set(heads.flatMap(({ note }) => note ?? [])),
      ...files.filter(({ head }) => head.isOpenEnded).map(({ name }) =>
        `The header of ${name} does not say how long it is: it was read to its end.`
      ),
      ...source.notes,
    ],
    close: () => last.close(),
  };
}
