/** What lies beside the values: the arrays of a file, names, and tables of the rows with how often each entry occurs. */
import { shareBars } from "../charts/share_bars.ts";
import { count, plural } from "../format.ts";
import { breakable, type Content, type Html, markup } from "../html.ts";
import type { Numbering } from "../numbering.ts";
import { missing } from "../page.ts";
import type { DataView } from "./view.ts";

/** Entries of a table that are drawn, tables that are drawn, and names that are shown. */
const ENTRIES = 10, TABLES = 6, NAMES = 8;

function counted(values: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
}

export function labelsSection({ tables }: DataView, numbering: Numbering): Html {
  if (tables.length === 0) return missing("The data have no tables of the rows, such as labels.");
  const all = tables.map(([name, values]) => ({ name, of: values.length, counts: counted(values) }));
  const drawn = all.filter(({ counts, of }) => counts.length > 1 && counts.length <= Math.max(ENTRIES, of / 4))
    .slice(0, TABLES);
  const figures = drawn.map(({ name, counts, of }) => {
    const most = counts.length === ENTRIES + 1 ? ENTRIES + 1 : ENTRIES; // one alone is not "others"
    const shown = counts.slice(0, most), rest = counts.slice(most);
    const others = rest.reduce((sum, [, n]) => sum + n, 0);
    const bars = shown.map(([entry, n]) => ({
      name: `${entry === "" ? "(empty)" : entry}: ${count(n)}`,
      share: n / of,
    }));
    if (rest.length > 0) bars.push({ name: `${plural(rest.length, "other")}: ${count(others)}`, share: others / of });
    return numbering.figure(
      shareBars(bars.map((bar, i) => ({ ...bar, isRest: i >= most })), `How often each entry of ${name} occurs`),
      markup`<b>${breakable(name)}</b> has ${count(counts.length)} different entries: how many rows have which.`,
    );
  });
  const table = numbering.table(
    {
      head: ["table", "different entries", "some of them"],
      rows: all.map(({ name, counts }) => [
        breakable(name),
        count(counts.length),
        breakable(counts.slice(0, 5).map(([entry]) => entry).join(", ")),
      ]),
      numeric: [1],
    },
    markup`Tables of the rows. <code>data.labels</code> may name one for colours, <code>data.batch</code> for batches, and <code>data.split.by</code> for groups.`,
  );
  return markup`<div class="grid">${figures}</div>${table}`;
}

export function arraysSection({ members, notes, rowNames, columnNames }: DataView, numbering: Numbering): Html {
  const arrays = members.length === 0 ? null : numbering.table({
    head: ["array", "shape", "type", "stored"],
    rows: members.map(({ name, shape, type, sparse }) => [
      breakable(name),
      shape.length === 0 ? "one value" : shape.map(count).join(" × "),
      type,
      sparse ? "sparse" : "dense",
    ]),
  }, markup`Arrays of the file. <code>data.member</code> names the one that is read.`);
  const some = (names: readonly string[] | null): Content =>
    names === null ? "none" : breakable(names.slice(0, NAMES).join(", ") + (names.length > NAMES ? ", ..." : ""));
  const names = numbering.table({
    rows: [["Names of the rows", some(rowNames)], ["Names of the columns", some(columnNames)]],
    pairs: true,
  }, markup`Names in the data.`);
  const said = notes.length === 0 ? null : markup`<ul>${notes.map((note) => markup`<li>${breakable(note)}</li>`)}</ul>`;
  return markup`${said}${arrays}${names}`;
}
