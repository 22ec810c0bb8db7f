/** How values are shown in messages. */
import { settingText } from "../figures.ts";
import { shortened, unbroken, visible } from "../visible.ts";

/** Text of any origin as one line without control characters; white space and line ends become spaces. */
export function oneLine(text: string): string {
  return shortened(visible(unbroken(text).trim()));
}

/** A value in a message: short, in one line. */
export function show(value: unknown): string {
  if (value === null) return "nothing (null)";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${value.length}`;
  if (typeof value === "object") return `a map with ${Object.keys(value).slice(0, 3).join(", ") || "no keys"}`;
  return typeof value === "number" ? settingText(value) : String(value);
}

/** Plain data as one line of YAML: `{linear: 64, bias: false}`. */
export function showFlow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(showFlow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{${Object.entries(value).map(([key, below]) => `${key}: ${showFlow(below)}`).join(", ")}}`;
  }
  return typeof value === "number" ? settingText(value) : String(value);
}
