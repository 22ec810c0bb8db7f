/** The report of one run: its results, its losses, and an appendix that says how it was made. */
import type { RunData } from "../core/runs/types.ts";
import { sectionOf } from "./drawing.ts";
import { Numbering } from "./numbering.ts";
import { page, type Section } from "./page.ts";
import { columnsSection } from "./sections/columns.ts";
import { graphsSection, hasGraphs } from "./sections/graphs.ts";
import { header, titleOf } from "./sections/header.ts";
import { latentSection } from "./sections/latent.ts";
import { lossSection } from "./sections/loss.ts";
import { metricsSection } from "./sections/metrics.ts";
import { DRAWINGS } from "./sections/mod.ts";
import { modelSection } from "./sections/model.ts";
import { ownSections } from "./sections/own.ts";
import { reconstructionSection } from "./sections/reconstruction.ts";
import { configSection, environmentSection } from "./sections/environment.ts";
import { timeSection } from "./sections/time.ts";

/** Diagnostics that draw rows with a shape. */
const PICTURES: readonly string[] = ["rows", "error_map", "spectrum"];

/** One static HTML document without scripts that loads nothing. The same run gives the same text. */
export function renderRunReport(run: RunData): string {
  const numbering = new Numbering(run.name);
  const drawn = (those: readonly typeof DRAWINGS[number][]) =>
    those.map((drawing) => sectionOf(drawing, run, numbering)).filter((section) => section !== null);
  // Signals and images are looked at first as what they are.
  const isSeen = run.diagnostics.error_map !== undefined;
  const pictures = DRAWINGS.filter(({ diagnostic }) => isSeen && PICTURES.includes(diagnostic.name));
  const results: Section[] = [
    { id: "latent", title: "Latent space", body: latentSection(run, numbering) },
    ...drawn(pictures),
    { id: "reconstruction", title: "Reconstruction", body: reconstructionSection(run, numbering) },
    { id: "metrics", title: "Metrics", body: metricsSection(run, numbering) },
    { id: "columns", title: "Error by column", body: columnsSection(run, numbering) },
    ...drawn(DRAWINGS.filter((drawing) => !pictures.includes(drawing))),
    ...ownSections(run, numbering),
  ];
  // Sections about what the run does not have come after the others.
  const absent = (section: Section) => String(section.body).startsWith('<p class="missing">');
  const sections: Section[] = [
    ...results.filter((section) => !absent(section)),
    { id: "loss", title: "Loss", body: lossSection(run, numbering) },
    ...results.filter(absent),
    { id: "time", title: "Use of time", body: timeSection(run, numbering), appendix: true },
    { id: "model", title: "Model", body: modelSection(run, numbering), appendix: true },
    ...hasGraphs(run)
      ? [{ id: "parts", title: "Parts of the network", body: graphsSection(run, numbering), appendix: true }]
      : [],
    { id: "config", title: "Config", body: configSection(run, numbering), appendix: true },
    { id: "environment", title: "Environment", body: environmentSection(run, numbering), appendix: true },
  ];
  return page(`${titleOf(run)} · training report`, header(run), sections);
}
