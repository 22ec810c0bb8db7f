/** Settings of a reader, and steps, as a command line has them. */
import { UserError } from "../errors.ts";
import { parseCommandValue } from "./flow.ts";
import { toValue } from "./tree.ts";

function pair(option: string, text: string, example: string): [string, unknown] {
  const at = text.indexOf("=");
  if (at < 1) throw new UserError(`${option} ${text}`, "must be NAME=VALUE", example);
  const origin = { source: `${option} ${text}`, folder: "/" };
  return [text.slice(0, at), toValue(parseCommandValue(text.slice(at + 1), origin, undefined))];
}

/** `NAME=VALUE` each, the value as YAML. @throws {UserError} */
export function parseSettings(texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(texts.map((text) => pair("--setting", text, "--setting transpose=true")));
}

/** `NAME` or `NAME=VALUE` each, as `data.steps` has them. @throws {UserError} */
export function parseSteps(texts: readonly string[]): unknown[] {
  return texts.map((text) => {
    if (!text.includes("=")) return text;
    const [name, value] = pair("--step", text, "--step highly_variable=2000");
    return { [name]: value };
  });
}
