/** The report of one run. */
import type { RunData } from "../core/runs/types.ts";
import { Numbering } from "./numbering.ts";
import { page, type Section } from "./page.ts";
import { columnsSection } from "./sections/columns.ts";
import { header } from "./sections/header.ts";
import { latentSection } from "./sections/latent.ts";
import { lossSection } from "./sections/loss.ts";
import { metricsSection } from "./sections/metrics.ts";
import { modelSection } from "./sections/model.ts";
import { reconstructionSection } from "./sections/reconstruction.ts";
import { configSection, environmentSection } from "./sections/environment.ts";
import { timeSection } from "./sections/time.ts";

/** One static HTML document: no script, nothing loaded. The same run gives the same text. */
export function renderRunReport(run: RunData): string {
  const numbering = new Numbering();
  const sections: Section[] = [
    { id: "loss", title: "Loss", body: lossSection(run, numbering) },
    { id: "time", title: "Where the time went", body: timeSection(run, numbering) },
    { id: "metrics", title: "Final metrics", body: metricsSection(run, numbering) },
    { id: "columns", title: "Error by column", body: columnsSection(run, numbering) },
    { id: "latent", title: "Latent space", body: latentSection(run, numbering) },
    { id: "reconstruction", title: "Reconstruction", body: reconstructionSection(run, numbering) },
    { id: "model", title: "Model", body: modelSection(run, numbering) },
    { id: "config", title: "Config", body: configSection(run) },
    { id: "environment", title: "Environment", body: environmentSection(run, numbering) },
  ];
  return page(`${run.name} · training report`, header(run), sections);
}
