/** The options that say how data are read. */
import { DATA_FORMATS } from "../core/config/data_formats.ts";
import { UserError } from "../core/errors.ts";
import type { Options } from "./command.ts";

export const READING = {
  format: {
    type: "choice",
    value: "FORMAT",
    values: DATA_FORMATS.filter((format) => format !== "memory"),
    help: "what the files are (default: auto, by their first bytes)",
  },
  member: { type: "text", value: "NAME", help: "the array in a file of several, e.g. layers/counts" },
  setting: {
    type: "text",
    value: "NAME=VALUE",
    many: true,
    help: "a setting of the format's reader, as data.reader has it in a config; repeatable",
  },
} as const satisfies Options;

/** What in an error speaks of the keys that these options stand for. */
const OF_KEYS = /\bdata(\.reader|\.format|\.member|: \{format|: \{reader)/;

/**
 * Does what reads data. Errors speak of keys of a config; where there is none yet, the hint says which options stand for them.
 * @throws {UserError}
 */
export async function withOptions<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError) || !OF_KEYS.test(`${error.where} ${error.hint ?? ""}`)) throw error;
    const isAxes = `${error.where} ${error.what} ${error.hint ?? ""}`.includes("axes");
    const example = isAxes ? ', e.g. --setting "axes=[row, row, sample]"' : "";
    const how = `on the command line: --format NAME, --member NAME, --setting NAME=VALUE${example}`;
    throw new UserError(
      error.where,
      error.what,
      error.hint === undefined ? how : `${error.hint}; ${how}`,
      error.exitCode,
    );
  }
}
