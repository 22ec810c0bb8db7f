/** The page of `data inspect --html`: what is in a file, drawn. */
import { arraysSection, labelsSection } from "./data/tables.ts";
import { rowsSection } from "./data/rows.ts";
import { valuesSection } from "./data/values.ts";
import type { DataView } from "./data/view.ts";
import { amount } from "./data/amount.ts";
import { count, percent, plural } from "./format.ts";
import { breakable, type Content, type Html, markup } from "./html.ts";
import { Numbering } from "./numbering.ts";
import { page, type Section } from "./page.ts";

const tile = (name: string, value: Content, detail: Content): Html =>
  markup`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>\n`;

function header(data: DataView): Html {
  const { path, format, rows, columns, sparse, shape, rateHz, parts, kind, transforms, why, orientation, sample } =
    data;
  const isShaped = shape !== null && shape.filter((size) => size > 1).length > 1;
  return markup`<header>
<h1>${breakable(path.split("/").at(-1)!)}</h1>
<p>${parts} of the format <code>${format}</code>: ${plural(rows, "row")} of ${plural(columns, "value")}${
    isShaped ? `, each of shape ${shape.join(" × ")}` : ""
  }${rateHz === null ? "" : `, sampled at ${count(rateHz)} Hz`}. Values: ${kind}${
    transforms.length === 0
      ? ""
      : markup`; <code>data.transforms: [${transforms.join(", ")}]</code> would suit them (${why})`
  }.</p>
<p>${orientation.doubtful ? markup`<b>Check the orientation:</b> ` : null}${
    orientation.text[0]!.toUpperCase() + orientation.text.slice(1)
  }.</p>
<dl class="tiles">
${tile("Rows", count(rows), sample.rows < rows ? `${count(sample.rows)} were looked at` : "all were looked at")}
${tile("Columns", count(columns), sparse ? "stored as sparse rows" : "stored densely")}
${tile("Zeros", percent(sample.zeros), "of the values of these rows")}
${tile("Smallest", amount(sample.least), sample.zeros > 0 ? "where not zero" : "of these rows")}
${tile("Largest", amount(sample.greatest), sample.whole ? "all are whole numbers" : "of these rows")}
</dl>
</header>`;
}

/** One static HTML document without scripts that loads nothing. The same data give the same text. */
export function renderData(data: DataView): string {
  const name = data.path.split("/").at(-1)!;
  const numbering = new Numbering(name);
  const sections: Section[] = [
    { id: "rows", title: "First rows", body: rowsSection(data, numbering) },
    { id: "values", title: "Values", body: valuesSection(data, numbering) },
    { id: "labels", title: "Tables of the rows", body: labelsSection(data, numbering) },
    { id: "arrays", title: "Arrays and names", body: arraysSection(data, numbering) },
  ];
  return page(`${name} · data`, header(data), sections);
}
