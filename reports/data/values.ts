/** How values, sums of rows and their fullness are spread. */
import { edgedHistogram } from "../charts/edged_histogram.ts";
import { count, percent, plural } from "../format.ts";
import { amount } from "./amount.ts";
import { type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import { seriesColor } from "../theme.ts";
import type { DataView } from "./view.ts";

/** With fewer zeros, nearly all rows are full. */
const ZEROS_TOLD = 0.01;

/** Sums say something where values are amounts. */
const areAmounts = ({ sample }: DataView) => sample.least >= 0;

export function valuesSection(data: DataView, numbering: Numbering): Html {
  const { portrait, sample } = data;
  if (portrait === null) return missing("No row could be looked at.");
  const parts: Html[] = [];
  if (portrait.values !== null) {
    parts.push(numbering.figure(
      edgedHistogram(portrait.values, {
        title: "Values that are not zero",
        description: `From ${amount(sample.least)} to ${amount(sample.greatest)}.`,
        ...{ xLabel: "value", yLabel: "how many", fill: seriesColor(0) },
      }),
      markup`Distribution of the values that are not zero. ${percent(sample.zeros)} of all values are zero.`,
    ));
  }
  if (areAmounts(data)) {
    const [least, median, greatest] = sample.rowSums;
    parts.push(numbering.figure(
      edgedHistogram(portrait.rowSums, {
        title: "Sums of the rows",
        description: `From ${amount(least)} to ${amount(greatest)}, median ${amount(median)}.`,
        ...{ xLabel: "sum of a row", yLabel: "rows", fill: seriesColor(0) },
      }),
      markup`Sums of ${plural(sample.rows, "row")}: from ${amount(least)} to ${amount(greatest)}, and the median is ${
        amount(median)
      }.`,
    ));
  }
  if (sample.zeros >= ZEROS_TOLD) {
    const empty = portrait.emptyColumns;
    parts.push(numbering.figure(
      edgedHistogram(portrait.filled, {
        title: "Values of a row that are not zero",
        description: `${count(sample.emptyRows)} rows have none.`,
        ...{ xLabel: "values of a row that are not zero", yLabel: "rows", fill: seriesColor(0) },
      }),
      markup`How many of a row’s ${plural(data.columns, "value")} are not zero. ${
        sample.emptyRows === 0 ? "No row is empty" : `${plural(sample.emptyRows, "row")} of these are empty`
      }${
        empty === null
          ? ""
          : empty === 0
          ? ", and no column is"
          : `, and ${plural(empty, "column")} are zero in all of these rows`
      }.`,
    ));
  }
  return markup`<div class="grid">${parts}</div>`;
}
