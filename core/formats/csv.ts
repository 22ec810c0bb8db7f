/** One line of CSV. Numbers round-trip; null is empty; nan, inf and -inf as the engine spells them. */

/** A line without its newline. Control characters in text become U+FFFD, so that a row is always one line. */
export function formatCsvLine(values: readonly (string | number | null)[]): string {
  return values.map(formatField).join(",");
}

function formatField(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "string") {
    // deno-lint-ignore no-control-regex
    const text = value.replace(/[\x00-\x1f\x7f]/g, "\ufffd");
    return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
  if (Number.isNaN(value)) return "nan";
  if (value === Infinity) return "inf";
  if (value === -Infinity) return "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The fields of a line. A quote inside an unquoted field stands for itself. */
export function parseCsvLine(line: string): string[] {
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  let at = 0;
  do {
    if (line[at] !== '"') {
      const end = line.indexOf(",", at);
      fields.push(line.slice(at, end < 0 ? line.length : end));
      at = end < 0 ? line.length + 1 : end + 1;
      continue;
    }
    let field = "";
    for (at++; at < line.length; at++) {
      if (line[at] !== '"') field += line[at];
      else if (line[at + 1] === '"') field += line[at++];
      else break;
    }
    fields.push(field);
    const end = line.indexOf(",", at);
    at = end < 0 ? line.length + 1 : end + 1;
  } while (at <= line.length);
  return fields;
}

/** A number as formatCsvLine or C++'s to_chars writes it; NaN for "nan" and for anything that is not a number. */
export function parseCsvNumber(text: string): number {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (text === "inf") return Infinity;
  if (text === "-inf") return -Infinity;
  return NaN;
}

/** Whether a text is a number, "nan" among them. */
export function isCsvNumber(text: string): boolean {
  return text === "nan" || text === "-nan" || !Number.isNaN(parseCsvNumber(text));
}
