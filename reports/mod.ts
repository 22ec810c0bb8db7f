export { renderRunReport } from "./run_report.ts";
export { renderComparison } from "./comparison.ts";
export type { DataView } from "./data/view.ts";
export { renderData } from "./data_page.ts";
export { renderSweep } from "./sweep_report.ts";
export {
  isSweep,
  reportText,
  writeComparison,
  writeDataPage,
  writeReport,
  writeReportOf,
  writeSweepReport,
} from "./write.ts";
