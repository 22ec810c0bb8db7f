/** How the answer of a diagnostic becomes a section of a report. */
import type { Diagnostic } from "../core/diagnostics/diagnostic.ts";
import { DecodeError, type Decoder } from "../core/runs/decode.ts";
import type { RunData } from "../core/runs/types.ts";
import { type Html, markup } from "./html.ts";
import type { Numbering } from "./numbering.ts";
import { missing, type Section } from "./page.ts";

export interface Drawing<Data> {
  readonly diagnostic: Diagnostic<Data>;
  readonly title: string;
  draw(data: Data, run: RunData, numbering: Numbering): Html;
  /** The answers of several epochs, by rising epoch, at least two; null where they show nothing. */
  overEpochs?(course: Course<Data>, run: RunData, numbering: Numbering): Html | null;
}

export type Course<Data> = readonly { readonly epoch: number; readonly data: Data }[];

/**
 * The section of a diagnostic; null where the run has none. Data that are not the diagnostic's own, or whose lists do not fit each
 * other, are named instead.
 */
export function sectionOf<Data>(drawing: Drawing<Data>, run: RunData, numbering: Numbering): Section | null {
  const { diagnostic: { name, decode }, title } = drawing;
  if (run.diagnostics[name] === undefined) return null;
  const unread = (why: string) => missing(markup`The file <code>${name}.json</code> cannot be ${why}.`);
  let data: Data;
  try {
    data = decode(run.diagnostics[name], "");
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { id: name, title, body: unread(`read: ${error.message}`) };
  }
  try {
    const body = drawing.draw(data, run, numbering);
    const course = drawing.overEpochs ? courseOf(run, name, decode, data) : [];
    return { id: name, title, body: course.length < 2 ? body : [body, drawing.overEpochs!(course, run, numbering)] };
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return { id: name, title, body: unread("drawn: its values do not fit each other") };
  }
}

/** What a diagnostic answered in every epoch that was read; files that cannot be decoded are left out. */
export function courseOf<Data>(run: RunData, name: string, decode: Decoder<Data>, shown: Data): Course<Data> {
  const epochOf = (data: unknown) => Number((data as { epoch?: unknown }).epoch);
  const course = [{ epoch: epochOf(shown), data: shown }];
  for (const { epoch, diagnostics } of run.history) {
    if (diagnostics[name] === undefined) continue;
    try {
      course.push({ epoch, data: decode(diagnostics[name], "") });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
  }
  return course.filter(({ epoch }) => Number.isFinite(epoch)).sort((a, b) => a.epoch - b.epoch);
}
