/** Many rows at once, each as its input above its output; and the filters of the first layer. */
import { colours, onColours } from "./colours.ts";
import { button, choice, fitted, make, picture, saveCanvas } from "./dom.ts";
import { drawHeat } from "./heat_map.ts";
import { countText } from "./numbers.ts";
import { afterEpochs } from "./pace.ts";
import { drawTraces, imageOf, pictureShape, rangeOf, sizeOf } from "./pictures.ts";
import type { Asks } from "../protocol.ts";
import type { Store } from "./store.ts";
import type { Numbers } from "./types.ts";

const sentence = (text: string) => `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;

type Part = "train" | "validation" | "test";
type Sheet = Asks["sheet"]["answer"];

/** As many values of inputs are asked for at once. */
const VALUES_MOST = 4e6;
const FILTERS = 64;
const GAP = 6;

/** Of sparse rows, which columns are shown and how many are not. */
const hiddenText = ({ columns: shown }: Sheet, columns: number): string =>
  shown === null
    ? ""
    : ` Shown are the ${countText(shown.length)} columns that vary most among these rows, the most on the left; ${
      countText(columns - shown.length)
    } are hidden.`;

export class SheetTab {
  readonly element: HTMLElement;
  readonly #canvas = picture("Rows: inputs above their outputs", "sheet");
  readonly #filters = picture("Filters of the first layer", "sheet");
  readonly #said = make("p", { class: "note", attributes: { role: "status" } });
  readonly #filtersSaid = make("p", { class: "note" });
  readonly #part: HTMLSelectElement;
  readonly #count: HTMLSelectElement;
  /** Rows from which the sheets begin that were shown before this one, and this one. */
  #begins = [0];
  #sheet: Sheet | null = null;
  /** The place among the sheet's rows of the one at a point of the canvas; null where there is none. */
  #placeAt: (x: number, y: number) => number | null = () => null;
  #isOpen = false;

  constructor(readonly store: Store) {
    const anew = () => {
      this.#begins = [0];
      this.#ask();
    };
    this.#part = choice([["train", "train"], ["validation", "validation"], ["test", "test"]], "train", anew);
    this.#count = choice([["16", "16"], ["64", "64"], ["256", "256"]], "64", anew);
    this.#part.setAttribute("aria-label", "Part of the data");
    this.#count.setAttribute("aria-label", "Number of rows");
    const name = (what: string) => `${store.about.run.name}-${what}-${store.state.step}`;
    this.element = make(
      "div",
      {},
      make(
        "div",
        { class: "buttons row" },
        this.#part,
        this.#count,
        button("‹", () => this.#page(-1), { attributes: { "aria-label": "Previous rows" } }),
        button("›", () => this.#page(1), { attributes: { "aria-label": "Next rows" } }),
        button("Again", () => this.#ask(), { attributes: { title: "With the present weights" } }),
        button("PNG", () => saveCanvas(this.#canvas, name("rows")), {
          attributes: { "aria-label": "Save the rows as PNG" },
        }),
      ),
      this.#said,
      this.#canvas,
      make("h2", {}, "Filters of the first layer"),
      this.#filtersSaid,
      this.#filters,
    );
    this.#canvas.addEventListener("click", ({ offsetX, offsetY }) => {
      const place = this.#placeAt(offsetX, offsetY), row = place === null ? undefined : this.#sheet?.rows[place];
      if (row !== undefined) {
        store.showTab("row");
        store.showRow({ row });
      }
    });
    store.on("about", anew);
    store.on("tab", (tab) => {
      this.#isOpen = tab === "sheet";
      this.#ask();
    });
    store.on("edit", () => store.pace.want("sheet", () => this.#ask()));
    afterEpochs(store, "sheet", () => this.#ask());
    onColours(() => this.#isOpen && this.#draw());
  }

  #page(by: number): void {
    const last = this.#sheet?.rows.at(-1);
    if (by < 0 && this.#begins.length > 1) this.#begins.pop();
    else if (by > 0 && last !== undefined && last + 1 < this.store.rows) this.#begins.push(last + 1);
    else return;
    this.#ask();
  }

  async #ask(): Promise<void> {
    if (!this.#isOpen) return;
    const part = this.#part.value as Part, { rows, columns, kind } = this.store.about.data;
    const room = kind === "sparse" ? Infinity : Math.max(1, Math.floor(VALUES_MOST / columns));
    const count = Math.min(Number(this.#count.value), room);
    const asked = this.store.connection.newest("sheet", "sheet", { part, from: this.#begins.at(-1)!, count }).then(
      (sheet) => {
        if (sheet === null) return;
        if (sheet.rows.length === 0 && this.#begins.length > 1) return this.#page(-1);
        this.#sheet = sheet;
        const [first, last] = [sheet.rows[0], sheet.rows.at(-1)];
        this.#said.textContent = first === undefined
          ? `There are no ${part} rows.`
          : `${sheet.rows.length} of ${countText(rows[part])} ${part} rows, number ${countText(first)} to ${
            countText(last!)
          }: ` +
            (kind === "signals" ? "input and output over each other." : "input above output.") +
            " A click shows a row." + hiddenText(sheet, columns);
        this.#draw();
      },
      this.store.fail,
    );
    await this.store.connection.newest("filters", "filters", { most: FILTERS }).then((answer) => {
      if (answer === null) return;
      this.#filters.hidden = "none" in answer;
      this.#filtersSaid.textContent = "none" in answer
        ? sentence(answer.none)
        : `${countText(answer.shape[0]!)} filters, each in the colours of its own largest weight.`;
      if (!("none" in answer)) this.#drawFilters(answer.shape, answer.values);
    }, this.store.fail);
    await asked;
  }

  #draw(): void {
    const sheet = this.#sheet, width = this.#canvas.parentElement!.clientWidth;
    if (sheet === null || width === 0) return;
    const { kind, shape, columns } = this.store.about.data, count = sheet.rows.length;
    if (sheet.columns !== null) return this.#drawHeat(sheet, sheet.columns, width);
    const of = (values: Numbers, i: number) => values.subarray(i * columns, (i + 1) * columns);
    const size = pictureShape(shape, columns), isSignal = kind === "signals";
    const maps = size[0] === 3 && kind === "images" ? 1 : size[0];
    const across = isSignal
      ? (count > 16 ? 4 : 2)
      : Math.max(1, Math.min(16, Math.round(Math.sqrt(2 * count * size[1] / (size[2] * maps)))));
    const cellWidth = width / across, w = cellWidth - GAP, h = isSignal ? 44 : w * size[1] / (size[2] * maps);
    const cellHeight = (isSignal ? h : 2 * h + 2) + GAP, height = Math.ceil(count / across) * cellHeight;
    this.#placeAt = (x, y) => Math.floor(y / cellHeight) * across + Math.floor(x / cellWidth);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const context = fitted(this.#canvas, width, height), { accent, second } = colours();
    const range = kind === "images" ? rangeOf(sheet.input) : null, scale = sizeOf(sheet.input);
    const small = new OffscreenCanvas(size[2] * maps, size[1]), pen = small.getContext("2d")!;
    context.imageSmoothingEnabled = w < size[2];
    for (let i = 0; i < count; i++) {
      const x = (i % across) * cellWidth, y = Math.floor(i / across) * cellHeight;
      if (isSignal) {
        const input = of(sheet.input, i), output = of(sheet.output, i);
        drawTraces(context, [{ values: input, color: accent, width: 1 }, { values: output, color: second, width: 1 }], {
          x,
          y,
          width: w,
          height: h,
        }, rangeOf(input, output));
        continue;
      }
      for (const [k, values] of [of(sheet.input, i), of(sheet.output, i)].entries()) {
        pen.putImageData(imageOf(values, size, range, scale), 0, 0);
        context.drawImage(small, x, y + k * (h + 2), w, h);
      }
    }
  }

  #drawHeat({ rows, input, output }: Sheet, columns: Uint32Array, width: number): void {
    const { names } = this.store.about.data, shown = Array.from(columns, (j) => names?.[j] ?? `column ${j}`);
    const { row, tops } = drawHeat(this.#canvas, { names: shown, rows: rows.length, input, output }, width);
    this.#placeAt = (_, y) => {
      const within = y - (y < tops[1] ? tops[0] : tops[1]);
      return within >= 0 && within < rows.length * row ? Math.floor(within / row) : null;
    };
  }

  #drawFilters(shape: readonly number[], values: Numbers): void {
    const [count, ...own] = shape as [number, ...number[]], each = values.length / count;
    const size = pictureShape(own.length === 3 && own[1] === 1 && own[2]! > 12 ? null : own, each);
    const width = this.#filters.parentElement!.clientWidth;
    const across = Math.min(count, 8), cell = width / across, w = cell - GAP, h = w * size[1] / (size[2] * size[0]);
    const height = Math.ceil(count / across) * (h + GAP);
    this.#filters.style.width = `${width}px`;
    this.#filters.style.height = `${height}px`;
    const context = fitted(this.#filters, width, height);
    context.imageSmoothingEnabled = false;
    const small = new OffscreenCanvas(size[2] * size[0], size[1]), pen = small.getContext("2d")!;
    for (let i = 0; i < count; i++) {
      const filter = values.subarray(i * each, (i + 1) * each);
      pen.putImageData(imageOf(filter, size, null, sizeOf(filter)), 0, 0);
      context.drawImage(small, (i % across) * cell, Math.floor(i / across) * (h + GAP), w, h);
    }
  }
}
