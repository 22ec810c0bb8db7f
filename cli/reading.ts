/** The options that say how data are read. */
import { DATA_FORMATS } from "../core/config/data_formats.ts";
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
