/** A config as a reader sees it: values by path, layer lists in one line, coloured YAML. */
import { settingText } from "../core/figures.ts";
import { type Html, markup, raw } from "./html.ts";
import { count } from "./format.ts";

export type ConfigValues = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is ConfigValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a dotted path; undefined where there is none. */
export function valueAt(config: ConfigValues, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split(".")) value = isRecord(value) ? value[key] : undefined;
  return value;
}

/** Leaves by dotted path. A list is one leaf. */
export function flatten(config: ConfigValues, prefix = ""): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  for (const [key, value] of Object.entries(config)) {
    const path = prefix ? `${prefix}.${key}` : key;
    if (isRecord(value)) { for (const [inner, leaf] of flatten(value, path)) leaves.set(inner, leaf); }
    else leaves.set(path, value);
  }
  return leaves;
}

/**
 * One layer in short, as written (`{linear: 512}`, `relu`) or resolved (`{kind: linear, size: 512}`): its kind, its value,
 * and its other settings by name. What the program was to choose goes without saying.
 */
function layerText(layer: unknown): string {
  if (!isRecord(layer)) return String(layer);
  const entries = Object.entries(layer);
  const [[first, value], ...options] = entries[0]?.[0] === "kind"
    ? [[String(entries[0][1]), entries[1]?.[1]] as const, ...entries.slice(2)]
    : [entries[0] ?? ["", undefined], ...entries.slice(1)];
  const words = [first];
  if (value !== undefined && value !== null && !isRecord(value)) words.push(valueText(value));
  for (const [key, option] of options) {
    if (option === "auto" || option === null || option === undefined) continue;
    words.push(key === "solver" ? String(option) : isRecord(option) ? `${key} ${leaves(option)}` : `${key} ${option}`);
  }
  return words.join(" ");
}

const leaves = (value: ConfigValues) => [...flatten(value)].map(([key, leaf]) => `${key} ${leaf}`).join(" ");

/** A config value in one line. */
export function valueText(value: unknown, path = ""): string {
  if (value === undefined || value === null) return "–";
  if (Array.isArray(value)) {
    const layers = path === "model.encoder" || path === "model.decoder";
    return value.map((v) => layers || isRecord(v) ? layerText(v) : valueText(v)).join(layers ? " → " : ", ");
  }
  if (isRecord(value)) return JSON.stringify(value);
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) >= 1e4 && !path.endsWith("seed")) {
    return count(value);
  }
  return typeof value === "number" ? settingText(value) : String(value);
}

/** Order: quoted text, comment, key, number, constant. Numbers and constants only as whole values. */
const TOKENS =
  /("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|((?<=^|\s)#.*$)|([A-Za-z_][\w.-]*(?=:(?:\s|$)))|((?<=^|[\s[{,])-?\.?\d[\d_.]*(?:[eE][+-]?\d+)?(?=$|[\s\]},]))|((?<=^|[\s[{,])(?:true|false|null|~)(?=$|[\s\]},]))/gm;
const CLASSES = ["ys", "yc", "yk", "yn", "yb"];

/** YAML lightly coloured; the text itself is unchanged. */
export function yaml(text: string): Html {
  const parts: Html[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    const kind = CLASSES[match.slice(1).findIndex((group) => group !== undefined)]!;
    parts.push(markup`${text.slice(end, match.index)}<span class="${kind}">${match[0]}</span>`);
    end = match.index + match[0].length;
  }
  return markup`${parts}${text.slice(end)}`;
}

/** A block of code; `wrap` for commands, which have no layout of their own. */
export function codeBlock(content: Html | string, wrap = false): Html {
  return markup`${raw(wrap ? '<pre class="wrap">' : '<pre tabindex="0">')}<code>${content}</code></pre>\n`;
}
