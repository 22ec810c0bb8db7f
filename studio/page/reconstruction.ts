/** A reconstruction, with what was to be reconstructed where that is known: as suits the kind of data. */
import { onColours } from "./colours.ts";
import { button, make, picture, saveCanvas } from "./dom.ts";
import { drawBars, drawImage, drawSignal, imageOf, largest, pictureShape, rangeOf, sizeOf } from "./pictures.ts";
import { shortText } from "./numbers.ts";
import type { Store } from "./store.ts";
import type { Numbers } from "./types.ts";

export interface Reconstruction {
  /** Of sparse rows: the columns of input and output. */
  readonly columns: Uint32Array | null;
  readonly input: Numbers | null;
  readonly output: Numbers;
}

const BARS = 24;
const IMAGE_WIDTH = 220;

export class ReconstructionView {
  readonly element: HTMLElement;
  readonly #body = make("div", { class: "reconstruction" });
  #shown: Reconstruction | null = null;

  /** @param name of saved pictures @param small whether the pictures share their column with others */
  constructor(readonly store: Store, readonly name: () => string, readonly small = false) {
    this.element = this.#body;
    onColours(() => this.#shown && this.show(this.#shown));
    new ResizeObserver(() => this.#shown && this.#width !== this.#body.clientWidth && this.show(this.#shown)).observe(
      this.#body,
    );
  }

  #width = 0;

  show(shown: Reconstruction): void {
    this.#shown = shown;
    this.#width = this.#body.clientWidth;
    if (this.#width === 0) return;
    const { kind } = this.store.about.data;
    if (kind === "images" || kind === "table" && this.store.view.shown.picture) this.#images(shown);
    else if (kind === "signals") this.#signal(shown);
    else this.#bars(shown);
  }

  #figure(canvas: HTMLCanvasElement, caption: string, part: string): HTMLElement {
    const save = button("↓", () => saveCanvas(canvas, `${this.name()}-${part}`), {
      class: "quiet",
      attributes: { "aria-label": `Save as PNG: ${caption}`, title: "Save as PNG" },
    });
    const figure = make("figure", {}, canvas, make("figcaption", {}, caption, save));
    figure.style.width = canvas.style.width;
    return figure;
  }

  #images({ input, output }: Reconstruction): void {
    const { shape, columns } = this.store.about.data, size = pictureShape(shape, columns);
    const range = rangeOf(...(input ? [input] : [output]));
    const count = input ? 3 : 1;
    const width = Math.min(this.small ? 160 : IMAGE_WIDTH, (this.#width - 12 * (count - 1)) / count);
    const figures: HTMLElement[] = [];
    const add = (caption: string, part: string, image: ImageData) => {
      const canvas = picture(caption);
      drawImage(canvas, image, width);
      figures.push(this.#figure(canvas, caption, part));
    };
    if (input) add("input", "input", imageOf(input, size, range));
    add("output", "output", imageOf(output, size, range));
    if (input) {
      const error = errorOf(input, output, size), most = sizeOf(error);
      add(
        `error ±${shortText(Number(most.toPrecision(2)))}`,
        "error",
        imageOf(error, size[0] === 3 ? [1, size[1], size[2]] : size, null, most),
      );
    }
    this.#body.replaceChildren(make("div", { class: "side-by-side" }, ...figures));
  }

  #signal({ input, output }: Reconstruction): void {
    const { shape, rate_hz } = this.store.about.data;
    const canvas = picture(input ? "Input and output over each other" : "Output");
    this.#body.replaceChildren(
      this.#legend(input !== null),
      this.#figure(canvas, input ? "input and output over each other" : "output", "signal"),
    );
    drawSignal(canvas, shape, rate_hz, input, output);
  }

  #bars({ columns, input, output }: Reconstruction): void {
    const bars = largest(columns, input, output, this.store.about.data.names, BARS);
    const canvas = picture(
      bars.slice(0, 5).map(({ name, input, output }) => `${name}: ${shortText(input ?? output)}`).join(", "),
    );
    const caption = bars.length < this.store.about.data.columns ? `the ${bars.length} largest columns` : "all columns";
    this.#body.replaceChildren(this.#legend(input !== null), this.#figure(canvas, caption, "columns"));
    drawBars(canvas, bars);
  }

  #legend(withInput: boolean): HTMLElement {
    return make(
      "ul",
      { class: "legend" },
      withInput ? make("li", { class: "of-train" }, "input") : null,
      make("li", { class: "of-validation" }, "output"),
    );
  }
}

/** Output minus input; of three channels their mean. */
function errorOf(
  input: Numbers,
  output: Numbers,
  [channels, height, width]: readonly [number, number, number],
): Numbers {
  const all = output.map((value, i) => value - input[i]!), size = height * width;
  return channels === 3
    ? all.subarray(0, size).map((value, i) => (value + all[size + i]! + all[2 * size + i]!) / 3)
    : all;
}
