/** What is said while sources are prepared: of a few each one, of many, such as shards, one line for all. */
import { bytesText, pluralText } from "../figures.ts";
import { filesOf, type PreparedData } from "./data_json.ts";
import { hasPlaced } from "./placed.ts";

/** Of a source of which preparing took longer than this, the next start says what it saved. */
const TOLD_SECONDS = 0.5;
/** So many sources are told one by one, and so many different notes of more. */
const FEW = 3, TEXTS = 3;

/** What is prepared, for messages. */
export interface Preparing {
  readonly path: string;
  readonly name: string;
  /** What is done, after the name: "preparing it for training". */
  readonly doing: string;
  /** Said of the sources where they are told together, after their number: "after data.steps". */
  readonly stage?: string;
}

export interface PreparingNotes {
  begun(source: Preparing, folder: string): void;
  made(source: Preparing, data: PreparedData): void;
  /** It was prepared before. */
  found(source: Preparing, data: PreparedData, folder: string): void;
  /** A data set was prepared of an earlier state of the source, or with other settings, and the cache keeps it. */
  earlier(source: Preparing, bytes: number, folder: string): void;
  /** A text that begins with the source's name, as what concerns one source does. */
  readonly said: (text: string) => void;
}

const EARLIER = "also prepared with other settings or of an earlier state";

type Note = (text: string) => void;

interface Size {
  readonly seconds: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly placed: boolean;
}

const sizeOf = (data: PreparedData): Size => ({
  seconds: data.seconds,
  chunks: data.sources.reduce((sum, { chunks }) => sum + chunks.length, 0),
  bytes: filesOf(data).reduce((sum, { bytes }) => sum + bytes, 0),
  placed: hasPlaced(data),
});

const textOf = ({ seconds, chunks, bytes, placed }: Size) =>
  `prepared in ${seconds.toFixed(1)} s, ${pluralText(chunks, "chunk")}, ${
    placed ? "read where they lie" : bytesText(bytes)
  }`;

export const sizeText = (data: PreparedData): string => textOf(sizeOf(data));

/** Every source by itself. */
export const eachNoted = (note: Note = () => {}): PreparingNotes => ({
  begun: ({ name, doing }, folder) => note(`${name}: ${doing} in ${folder}`),
  made: ({ name }, data) => note(`${name}: ${sizeText(data)}`),
  found: ({ name }, { seconds }, folder) => {
    if (seconds > TOLD_SECONDS) note(`${name}: prepared before, which saves ${seconds.toFixed(1)} s (${folder})`);
  },
  earlier: ({ name }, bytes, folder) => note(`${name}: ${EARLIER}, ${bytesText(bytes)} in ${folder}`),
  said: note,
});

/** Many sources together, once they are all done. */
class TogetherNoted implements PreparingNotes {
  /** By the stage that was made. */
  readonly #made = new Map<string, Size[]>();
  /** Seconds that those took which were prepared before. */
  readonly #found: number[] = [];
  /** The sources of which a text is said. */
  readonly #said = new Map<string, string[]>();
  readonly #earlier = new Set<string>();
  #earlierBytes = 0;
  readonly #names: ReadonlySet<string>;

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
  }

  begun(): void {}

  made({ stage = "" }: Preparing, data: PreparedData): void {
    const sizes = this.#made.get(stage) ?? [];
    sizes.push(sizeOf(data));
    this.#made.set(stage, sizes);
  }

  found(_: Preparing, { seconds }: PreparedData): void {
    this.#found.push(seconds);
  }

  earlier(source: Preparing, bytes: number): void {
    this.#earlier.add(source.name);
    this.#earlierBytes += bytes;
  }

  readonly said = (text: string): void => {
    // A name may have a colon itself.
    let end = text.indexOf(": ");
    while (end >= 0 && !this.#names.has(text.slice(0, end))) end = text.indexOf(": ", end + 2);
    const name = text.slice(0, Math.max(0, end)), rest = end < 0 ? text : text.slice(end + 2);
    const names = this.#said.get(rest) ?? [];
    names.push(name);
    this.#said.set(rest, names);
  };

  tell(note: Note): void {
    for (const [text, names] of [...this.#said].slice(0, TEXTS)) {
      if (names[0] === "") note(text);
      else {note(
          `${names[0]}${names.length > 1 ? ` and ${pluralText(names.length - 1, "other source")}` : ""}: ${text}`,
        );}
    }
    if (this.#said.size > TEXTS) {
      note(
        `${pluralText(this.#said.size - TEXTS, "other note")} on single sources: data inspect shows those of a file`,
      );
    }
    if (this.#earlier.size > 0) {
      const kept = `${bytesText(this.#earlierBytes)} in the cache`;
      note(`${pluralText(this.#earlier.size, "source")}: ${EARLIER}, ${kept}`);
    }
    for (const [stage, sizes] of this.#made) {
      const sum = (of: (size: Size) => number) => sizes.reduce((total, size) => total + of(size), 0);
      const placed = sizes.every(({ placed }) => placed);
      const size = { seconds: sum((s) => s.seconds), chunks: sum((s) => s.chunks), bytes: sum((s) => s.bytes), placed };
      note(`${pluralText(sizes.length, "source")}${stage && ` ${stage}`}: ${textOf(size)}`);
    }
    const saved = this.#found.reduce((total, seconds) => total + seconds, 0);
    if (saved > TOLD_SECONDS) {
      note(`${pluralText(this.#found.length, "source")}: prepared before, which saves ${saved.toFixed(1)} s`);
    }
  }
}

/**
 * Does what prepares some sources, and says so.
 * @param names of the sources
 */
export async function noted<T>(
  names: readonly string[],
  note: Note | undefined,
  prepare: (notes: PreparingNotes) => Promise<T>,
): Promise<T> {
  if (names.length <= FEW || note === undefined) return await prepare(eachNoted(note));
  const together = new TogetherNoted(names);
  const done = await prepare(together);
  together.tell(note);
  return done;
}
