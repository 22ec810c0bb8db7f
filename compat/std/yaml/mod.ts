/** The part of @std/yaml this project uses, over the npm package yaml. */
import { parse as parseYaml, stringify as stringifyYaml, YAMLError } from "yaml";

/** One document as plain data, typed by YAML 1.2's core schema. Throws SyntaxError. */
export function parse(content: string): unknown {
  try {
    return parseYaml(content, { schema: "core", logLevel: "error" });
  } catch (error) {
    throw error instanceof YAMLError ? new SyntaxError(error.message) : error;
  }
}

/** Plain data as YAML. Throws TypeError on what YAML has no form for. */
export function stringify(data: unknown, options: { lineWidth?: number } = {}): string {
  const text = stringifyYaml(data, { lineWidth: options.lineWidth ?? 80, schema: "core" });
  if (text === undefined) throw new TypeError(`Cannot stringify ${typeof data}`);
  return text;
}
