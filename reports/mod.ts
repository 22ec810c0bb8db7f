export { renderRunReport } from "./run_report.ts";
export { renderComparison } from "./comparison.ts";
export { writeComparison, writeReport } from "./write.ts";
