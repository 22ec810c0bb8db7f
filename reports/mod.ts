export { renderRunReport } from "./run_report.ts";
export { renderComparison } from "./comparison.ts";
export { renderSweep } from "./sweep_report.ts";
export { isSweep, reportText, writeComparison, writeReport, writeReportOf, writeSweepReport } from "./write.ts";
