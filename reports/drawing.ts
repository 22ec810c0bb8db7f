/** How the answer of a diagnostic becomes a section of a report. */
import type { Diagnostic } from "../core/diagnostics/diagnostic.ts";
import { DecodeError } from "../core/runs/decode.ts";
import type { RunData } from "../core/runs/types.ts";
import type { Html } from "./html.ts";
import { markup } from "./html.ts";
import type { Numbering } from "./numbering.ts";
import { missing, type Section } from "./page.ts";

export interface Drawing<Data> {
  readonly diagnostic: Diagnostic<Data>;
  readonly title: string;
  draw(data: Data, run: RunData, numbering: Numbering): Html;
}

/** The section of a diagnostic; null where the run has none. Data that are not the diagnostic's own are named instead. */
export function sectionOf<Data>(drawing: Drawing<Data>, run: RunData, numbering: Numbering): Section | null {
  const { diagnostic: { name, decode }, title } = drawing;
  if (run.diagnostics[name] === undefined) return null;
  let data: Data;
  try {
    data = decode(run.diagnostics[name], "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return {
      id: name,
      title,
      body: missing(markup`The file <code>${name}.json</code> cannot be read: ${error.message}.`),
    };
  }
  return { id: name, title, body: drawing.draw(data, run, numbering) };
}
