/** Settings of a reader as a command line has them. */
import { UserError } from "../errors.ts";
import { parseCommandValue } from "./flow.ts";
import { toValue } from "./tree.ts";

/** `NAME=VALUE` each, the value as YAML. @throws {UserError} */
export function parseSettings(texts: readonly string[]): Record<string, unknown> {
  const entries = texts.map((text): [string, unknown] => {
    const at = text.indexOf("=");
    if (at < 1) throw new UserError(`--setting ${text}`, "must be NAME=VALUE", "--setting transpose=true");
    const origin = { source: `--setting ${text}`, folder: "/" };
    return [text.slice(0, at), toValue(parseCommandValue(text.slice(at + 1), origin, undefined))];
  });
  return Object.fromEntries(entries);
}
