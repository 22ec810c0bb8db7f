/** The map of the data's latent vectors: points by label, a cross that is dragged and decoded, a line between two rows. */
import { colours, onColours } from "./colours.ts";
import { button, field, fitted, make, saveCanvas } from "./dom.ts";
import { Frames } from "./frames.ts";
import { countText, percentText } from "./numbers.ts";
import { afterEpochs } from "./pace.ts";
import { drawPoints, fitRange, labelColours, nearest } from "./points.ts";
import { ReconstructionView } from "./reconstruction.ts";
import type { Store } from "./store.ts";
import type { LatentMap, Numbers } from "./types.ts";

const POINTS_MOST = 200_000;
const COLUMNS_MOST = 24;

export class MapTab {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #said = make("p", { class: "note" });
  readonly #legend = make("ul", { class: "legend" });
  readonly #view: ReconstructionView;
  readonly #ends: readonly [HTMLInputElement, HTMLInputElement];
  readonly #share = make("input", { attributes: { type: "range", min: "0", max: "1", step: "0.01", value: "0.5" } });
  #map: LatentMap | null = null;
  #line: readonly [Numbers, Numbers] | null = null;
  /** Of which rows the line is, and at which step. */
  #lineName = "";
  #point: readonly [number, number] = [0, 0];
  #isOpen = false;
  readonly #frames = new Frames(() => this.#draw());

  constructor(readonly store: Store) {
    this.#view = new ReconstructionView(store, () => `${store.about.run.name}-map-${store.state.step}`, true);
    this.#canvas = make("canvas", {
      class: "map",
      attributes: {
        tabindex: "0",
        role: "application",
        "aria-label": "Map of latent vectors. Arrow keys move the point that is decoded, Enter shows the nearest row.",
      },
    });
    const end = (label: string) =>
      make("input", {
        class: "number",
        attributes: { type: "number", min: "0", step: "1", "aria-label": label, value: "0" },
      });
    this.#ends = [end("First row of the line"), end("Second row of the line")];
    for (const input of this.#ends) input.addEventListener("change", () => void this.#decodeLine());
    this.#share.addEventListener("input", () => void this.#decodeLine());
    this.element = make(
      "div",
      {},
      make(
        "div",
        { class: "buttons row" },
        button("Again", () => this.#ask(), { attributes: { title: "With the present weights" } }),
        button("PNG", () => saveCanvas(this.#canvas, `${store.about.run.name}-map-${store.state.step}`), {
          attributes: { "aria-label": "Save the map as PNG" },
        }),
        button("Nearest row", () => this.#showNearest(), {
          attributes: { title: "Show the row whose point is nearest to the cross" },
        }),
      ),
      this.#canvas,
      this.#legend,
      this.#said,
      this.#view.element,
      make(
        "div",
        { class: "line" },
        field("Line between rows", this.#share),
        this.#ends[0],
        make("span", {}, "to"),
        this.#ends[1],
      ),
    );
    this.#listen();
    store.on("about", () => {
      this.#map = this.#line = null;
      if (this.#isOpen) this.#ask();
    });
    store.on("tab", (tab) => {
      this.#isOpen = tab === "map";
      if (this.#isOpen && this.#map === null) this.#ask();
      this.#frames.soon();
    });
    afterEpochs(store, "map", () => this.#isOpen ? this.#ask() : Promise.resolve());
    store.on("weights", () => this.#isOpen && store.pace.want("decoded on the map", () => this.#decode()));
    onColours(this.#frames.soon);
    new ResizeObserver(this.#frames.soon).observe(this.#canvas);
  }

  #ask(): Promise<void> {
    this.#said.textContent = this.#map ? this.#said.textContent : "The map is made …";
    return this.store.connection.newest("map", "map", { most: POINTS_MOST }).then((map) => {
      if (map === null) return;
      const first = this.#map === null;
      this.#map = map;
      if (first) {
        this.#ends[0].value = String(map.rows[0] ?? 0);
        this.#ends[1].value = String(map.rows.at(-1) ?? 0);
        this.#point = [0, 0];
      }
      const of = map.rows.length < this.store.rows ? ` of ${countText(this.store.rows)}` : "";
      this.#said.textContent = `${countText(map.rows.length)}${of} rows at step ${
        countText(map.step)
      }. The plane of the two main directions holds ${percentText(map.share)} of their variance. Drag to decode.`;
      const { series } = colours();
      const shades = labelColours(map.names.length, series);
      this.#legend.replaceChildren(
        ...map.names.slice(0, shades.length > 1 ? 12 : 0).map((name, i) => {
          const key = make("i");
          if (i < series.length) key.style.background = shades[i]!;
          else key.style.border = `2px solid ${shades[i]!}`;
          return make("li", { class: "dot" }, key, make("span", {}, name));
        }),
      );
      this.#frames.soon();
      void this.#decode();
    }, this.store.fail);
  }

  get #size(): readonly [number, number] {
    return [this.#canvas.clientWidth, this.#canvas.clientHeight];
  }

  #draw(): void {
    const [width, height] = this.#size;
    if (width === 0 || this.#map === null) return;
    const context = fitted(this.#canvas, width, height), { ink, page, accent } = colours();
    const range = fitRange(this.#map, width, height);
    drawPoints(this.#canvas, this.#map, range);
    const at = ([x, y]: readonly [number, number]) =>
      [(x - range.x) * range.scale, (range.y - y) * range.scale] as const;
    const stroke = (path: () => void) => {
      for (const [color, thick] of [[page, 4], [ink, 1.5]] as const) {
        context.strokeStyle = color;
        context.lineWidth = thick;
        context.beginPath();
        path();
        context.stroke();
      }
    };
    if (this.#line) {
      const [a, b] = this.#line.map((latent) => at(this.#project(latent)));
      context.strokeStyle = accent;
      stroke(() => {
        context.moveTo(...a!);
        context.lineTo(...b!);
      });
    }
    const [x, y] = at(this.#point);
    stroke(() => {
      context.arc(x, y, 6, 0, 7);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
        context.moveTo(x + 6 * dx, y + 6 * dy);
        context.lineTo(x + 12 * dx, y + 12 * dy);
      }
    });
  }

  /** The point of the plane that is nearest to a latent vector. */
  #project(latent: Numbers): readonly [number, number] {
    const { mean, axes } = this.#map!, size = mean.length;
    let x = 0, y = 0;
    for (let k = 0; k < size; k++) {
      x += (latent[k]! - mean[k]!) * axes[k]!;
      y += (latent[k]! - mean[k]!) * axes[size + k]!;
    }
    return [x, y];
  }

  #moveTo(x: number, y: number): void {
    if (this.#map === null) return;
    const { mean, axes } = this.#map, size = mean.length;
    this.#point = [x, y];
    this.#line = null;
    this.store.setLatent(mean.map((value, k) => value + x * axes[k]! + y * axes[size + k]!));
    this.#frames.soon();
    void this.#decode();
  }

  async #decode(): Promise<void> {
    const { latent } = this.store;
    if (!this.#isOpen) return;
    if (latent === null) return this.#moveTo(...this.#point);
    await this.store.connection.newest("decode", "decode", { latent: [...latent], most: COLUMNS_MOST }).then(
      (answer) => {
        if (answer && this.#isOpen) this.#view.show({ ...answer, input: null });
      },
      this.store.fail,
    );
  }

  /** Decodes the point of the line between the latent vectors of two rows at the share that the slider says. */
  async #decodeLine(): Promise<void> {
    if (this.#map === null) return;
    try {
      const rows = this.#ends.map(({ value }) =>
        Math.min(this.store.rows - 1, Math.max(0, Math.round(Number(value)) || 0))
      );
      const name = `${rows} ${this.#map.step}`;
      if (this.#line === null || name !== this.#lineName) {
        const answers = [];
        for (const row of rows) answers.push(await this.store.connection.ask("row", { of: { row } }));
        this.#line = answers.map(({ latent }) => latent) as [Numbers, Numbers];
        this.#lineName = name;
      }
      const [a, b] = this.#line, share = Number(this.#share.value);
      const between = a.map((value, k) => value + share * (b[k]! - value));
      this.#point = this.#project(between);
      this.store.setLatent(between);
      this.#frames.soon();
      void this.#decode();
    } catch (error) {
      this.store.fail(error);
    }
  }

  #showNearest(): void {
    const row = this.#map && nearest(this.#map, ...this.#point);
    if (row === null) return;
    this.store.showTab("row");
    this.store.showRow({ row });
  }

  #listen(): void {
    const canvas = this.#canvas;
    const go = ({ offsetX, offsetY }: MouseEvent) => {
      if (this.#map === null) return;
      const range = fitRange(this.#map, ...this.#size);
      this.#moveTo(range.x + offsetX / range.scale, range.y - offsetY / range.scale);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      go(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons === 1 && go(event));
    canvas.addEventListener("keydown", (event) => {
      if (this.#map === null) return;
      const step = 8 / fitRange(this.#map, ...this.#size).scale, [x, y] = this.#point;
      const moves: Readonly<Record<string, readonly [number, number]>> = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
      };
      const by = moves[event.key];
      if (by) this.#moveTo(x + by[0] * step, y + by[1] * step);
      else if (event.key === "Enter") this.#showNearest();
      else return;
      event.preventDefault();
    });
  }
}
