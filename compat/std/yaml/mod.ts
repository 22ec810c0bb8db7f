/** The part of @std/yaml this project uses, over the npm package yaml. */
import { parse as parseYaml, stringify as stringifyYaml } from "yaml";

export function parse(text: string): unknown {
  return parseYaml(text, { schema: "core" });
}

export function stringify(value: unknown, options: { lineWidth?: number } = {}): string {
  return stringifyYaml(value, { lineWidth: options.lineWidth ?? 80, schema: "core" });
}
