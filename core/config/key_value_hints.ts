/** Hints in the form of `key=value`, for configs that are lines of it and for command lines. */
import { parse } from "yaml";
import { isRecord } from "../formats/json.ts";
import { showFlow } from "./show.ts";

/** A dotted key, a colon and a value as YAML has them: a map, a list, or a word. */
const SETTING = /\b([a-z_]+(?:\.[a-z_]+)+): (\{[^{}]*\}|\[[^[\]]*\]|[\w.-]+)/g;

/**
 * A hint with settings as YAML has them, such as `set data.reader: {size: [64, 64], fit: cover}`, with the same settings one by
 * one.
 * @param write a key and its value as they are to be typed
 */
export function withSettings(hint: string, write: (key: string, value: string) => string): string {
  return hint.replaceAll(SETTING, (whole, key: string, text: string) => {
    if (!text.startsWith("{")) return write(key, text);
    let map: unknown;
    try {
      map = parse(text);
    } catch {
      return whole;
    }
    if (!isRecord(map)) return whole;
    return Object.entries(map).map(([name, value]) => write(`${key}.${name}`, showFlow(value))).join(" and ");
  });
}

/** As a line of a config of KEY=VALUE lines. */
export const asLine = (key: string, value: string): string => `${key}=${value}`;

/** As an option of a command. */
export const asOption = (key: string, value: string): string =>
  `--override ${/^[\w.-]+$/.test(value) ? `${key}=${value}` : `"${key}=${value}"`}`;
