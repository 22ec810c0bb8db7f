/** Rows of a file that was dropped into the page: read as other data of the run are, in a folder that is gone with the studio. */
import { basename, join } from "@std/path";
import type { Config } from "../../core/config/types.ts";
import type { Source } from "../../core/data/source.ts";
import type { DataAbout } from "../../core/diagnostics/diagnostic.ts";
import { UserError } from "../../core/errors.ts";
import { dataOf, givenSource } from "../../core/train/given_data.ts";
import { type Questions, questionsOf } from "../../core/train/questions.ts";
import type { Subject } from "../session/subject.ts";

export interface Dropped {
  readonly name: string;
  readonly config: Config;
  readonly source: Source;
  readonly about: DataAbout;
}

/** The longest name of a file that is kept. */
const NAME_MAX = 200;

/** @throws {UserError} where a name is no plain file name */
export function requireFileName(name: string): void {
  const isPlain = name.length > 0 && name.length <= NAME_MAX && basename(name) === name && name !== "." &&
    name !== "..";
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  if (isPlain && !/[\\/\u0000-\u001f]/.test(name)) return;
  throw new UserError("name", `${JSON.stringify(name.slice(0, 80))} is not the name of a file`, "drop?name=NAME");
}

/**
 * Writes the bytes into the folder and opens them as other data of the run.
 * @throws {UserError} where they are no data that the run's network could take
 */
export async function readDropped(
  { run, folder, config, about, note }: {
    readonly run: string;
    readonly folder: string;
    readonly config: Config;
    /** Of the run's own rows, whose shape the network has. */
    readonly about: DataAbout;
    readonly note: (text: string) => void;
  },
  name: string,
  bytes: Uint8Array,
): Promise<Dropped> {
  requireFileName(name);
  const path = join(folder, name);
  await Deno.writeFile(path, bytes);
  const given = { data: path };
  const own = { ...config, data: { ...await dataOf(run, config.data, given), cache: "off" as const } };
  const { source, columnNames } = await givenSource(run, own, null, { ...given, note });
  return { name, config: own, source, about: { ...about, names: columnNames, labels: source.labels } };
}

const known = new WeakMap<Subject, { readonly dropped: Dropped; readonly questions: Questions }>();

/** The questions of the subject's network about dropped rows. */
export function questionsOfDropped(subject: Subject, dropped: Dropped): Questions {
  let found = known.get(subject);
  if (found?.dropped !== dropped) {
    found = { dropped, questions: questionsOf(dropped.config, subject.model, dropped.source, dropped.about) };
    known.set(subject, found);
  }
  return found.questions;
}
