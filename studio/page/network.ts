/** The drawing of the network: what is shown of it, which neuron is under the pointer, and what a click chooses. */
import { cellsAt, inCells } from "./cells.ts";
import { Connections, connectionsOf } from "./connections.ts";
import { colours, onColours } from "./colours.ts";
import { button, fitted, make, saveCanvas } from "./dom.ts";
import { drawnStages, layOut, type Place, unitBox } from "./layout.ts";
import { drawOverlay } from "./overlay.ts";
import { Frames } from "./frames.ts";
import { listenTo } from "./network_input.ts";
import { type Camera, connectionAt, type Drawn, HOME, inverse, type Neuron, neuronAt, zoomed } from "./picking.ts";
import { Scene } from "./scene.ts";
import type { Store } from "./store.ts";
import { describe, Tip } from "./tip.ts";
import type { Link, Unit } from "./types.ts";

/** Connections of the neuron under the pointer, in and out each. */
const HOVERED_MOST = 4000;
const NEAR_PIXELS = 6;
const READ_OUT_MS = 350;
/** After so long a neuron is marked without its weights. */
const MARK_MS = 50;

export class Network {
  readonly element: HTMLElement;
  readonly connections: Connections;
  readonly #canvas: HTMLCanvasElement;
  readonly #over = make("canvas", { class: "over", attributes: { "aria-hidden": "true" } });
  readonly #live = make("p", { class: "unseen", attributes: { role: "status" } });
  readonly #count = make("p", { class: "note" });
  readonly #tip: Tip;
  readonly #scene: Scene;
  #places: readonly Place[] = [];
  #camera: Camera = HOME;
  #hovered: Neuron | null = null;
  #unit: Unit | null = null;
  #highlight: readonly Drawn[] = [];
  readonly #frames = new Frames(() => this.draw());
  #readOut = 0;
  #markLater = 0;
  #size = { width: 0, height: 0 };
  #marks: readonly unknown[] = [];
  #valuesAreNew = false;

  constructor(readonly store: Store) {
    this.#canvas = make("canvas", {
      class: "network",
      attributes: {
        tabindex: "0",
        role: "application",
        "aria-label":
          "The network. Arrow keys go from neuron to neuron, page up and page down from layer to layer, Enter chooses a neuron, plus and minus zoom.",
      },
    });
    this.#scene = new Scene(this.#canvas);
    this.#canvas.addEventListener("webglcontextlost", () => {
      store.tell("note", { text: "The graphics processor has dropped the drawing: reload the page.", warning: true });
    });
    this.#tip = new Tip(store);
    this.connections = new Connections(store, (drawn) => {
      this.#scene.setConnections(drawn);
      this.#count.textContent = this.connections.text();
      this.#frames.soon();
    });
    const zoom = (factor: number) =>
      this.#move(zoomed(this.#camera, factor, this.#size.width / 2, this.#size.height / 2));
    const tools = make(
      "div",
      { class: "tools" },
      button("+", () => zoom(1.5), { attributes: { "aria-label": "Zoom in" } }),
      button("−", () => zoom(1 / 1.5), { attributes: { "aria-label": "Zoom out" } }),
      button("Fit", () => this.#move(HOME)),
      button("PNG", () => this.#save(), { attributes: { "aria-label": "Save the drawing of the network as PNG" } }),
    );
    const area = make("div", { class: "area" }, this.#canvas, this.#over, this.#tip.element, tools);
    this.element = make("div", { class: "drawing" }, area, this.#count, this.#live);
    new ResizeObserver(() => this.#layOut()).observe(area);
    listenTo(this.#canvas, {
      camera: () => this.#camera,
      places: () => this.#places,
      hovered: () => this.#hovered,
      move: (camera) => this.#move(camera),
      hover: (neuron) => this.#hover(neuron),
      choose: (x, y) => this.#choose(x, y),
      chooseNeuron: (neuron) => this.#chooseNeuron(neuron),
    });
    store.on("about", () => this.#begin());
    store.on("values", () => this.#takeValues());
    store.on("items", () => this.#frames.soon());
    let frozen = "";
    store.on("state", (state) => {
      if (frozen === String(state.frozen)) return;
      frozen = String(state.frozen);
      this.#frames.soon();
    });
    store.on("weights", () => this.#hovered && store.pace.want("hovered", () => this.#ask()));
    onColours(() => {
      this.#scene.refresh();
      this.#frames.soon();
    });
  }

  #begin(): void {
    this.#hover(null);
    this.connections.clear();
    this.#layOut();
    this.connections.refresh();
  }

  #layOut(): void {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0 || height === 0 || this.store.about === undefined) return;
    this.#size = { width, height };
    const ratio = this.#ratio;
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#places = layOut(drawnStages(this.store.about), width, height);
    this.#scene.setPlaces(this.#places, cellsAt(this.#places));
    this.#scene.setConnections(this.connections.drawn, true);
    this.#scene.setHighlight(this.#highlight);
    this.#takeValues();
  }

  get #ratio(): number {
    return Math.min(globalThis.devicePixelRatio || 1, 2);
  }

  /** Of values that arrive faster than frames are drawn, only the newest reach the graphics processor. */
  #takeValues(): void {
    this.#valuesAreNew = true;
    this.#frames.streamed();
  }

  #showValues(): void {
    const told = this.store.values, { stages } = this.store.about.network;
    this.#valuesAreNew = false;
    if (told === null || told.at.length !== stages.length) return this.#showNoValues();
    const scales = stages.map(({ units }, i) => {
      let most = 0;
      for (let k = told.at[i]!, end = k + units; k < end; k++) {
        const size = Math.abs(told.values[k]!);
        if (size > most) most = size;
      }
      return most;
    });
    this.#scene.setValues(inCells(this.#places, told.values, told.at), cellsAt(this.#places), scales);
    this.#showTip();
  }

  /** Until values are told, the layers are there without them. */
  #showNoValues(): void {
    this.#scene.setValues(inCells(this.#places, null, []), cellsAt(this.#places), []);
  }

  /** Draws a frame at once. */
  draw(): void {
    if (this.#places.length === 0) return;
    if (this.#valuesAreNew) this.#showValues();
    if (this.#scene.draw(this.#camera, this.#ratio, this.#highlight.length > 0)) this.#frames.soon();
    this.#drawMarks();
  }

  /** What is written above the drawing, where it has changed: values do not change it. */
  #drawMarks(): void {
    if (this.#places.length === 0) return;
    const marks = [
      this.#camera,
      this.#hovered,
      this.store.items,
      this.store.about,
      String(this.store.state.frozen),
      this.#places,
      colours(),
    ];
    if (marks.every((mark, i) => mark === this.#marks[i])) return;
    this.#marks = marks;
    const { stages } = this.store.about.network;
    const chosen = this.store.items.flatMap((item) => {
      const stage = "stage" in item ? stages.findIndex(({ name }) => name === item.stage) : -1;
      return stage < 0 || !("stage" in item) ? [] : [{ stage, unit: item.unit }];
    });
    const context = fitted(this.#over, this.#size.width, this.#size.height);
    const down = this.#places.length > 1 && this.#places[1]!.y - this.#places[0]!.y > this.#places[0]!.height;
    drawOverlay(context, stages, this.#places, this.#camera, {
      ...{ hovered: this.#hovered, chosen, down },
      frozen: this.store.state.frozen,
    });
  }

  /** Whether points have the colour of their part, not that of their value. */
  colourParts(byPart: boolean): void {
    this.#scene.byPart = byPart;
    this.#frames.soon();
  }

  #move(camera: Camera): void {
    this.#camera = camera;
    this.#showTip();
    this.#frames.soon();
  }

  #save(): void {
    this.draw();
    const whole = make("canvas");
    [whole.width, whole.height] = [this.#canvas.width, this.#canvas.height];
    const context = whole.getContext("2d")!;
    context.fillStyle = getComputedStyle(document.body).backgroundColor;
    context.fillRect(0, 0, whole.width, whole.height);
    context.drawImage(this.#canvas, 0, 0);
    context.drawImage(this.#over, 0, 0, whole.width, whole.height);
    saveCanvas(whole, `${this.store.about.run.name}-network-${this.store.state.step}`);
  }

  #hover(neuron: Neuron | null): void {
    if (neuron?.stage === this.#hovered?.stage && neuron?.unit === this.#hovered?.unit) return;
    this.#hovered = neuron;
    this.#unit = null;
    if (neuron) return void this.#lookAt();
    this.#light([]);
    this.#mark();
  }

  #mark(): void {
    clearTimeout(this.#markLater);
    this.#markLater = 0;
    this.#showTip();
    this.#drawMarks();
  }

  /** Connections of one neuron, above all others, from the next frame on. */
  #light(highlight: readonly Drawn[]): void {
    if (highlight.length + this.#highlight.length > 0) this.#frames.soon();
    this.#highlight = highlight;
    this.#scene.setHighlight(highlight);
  }

  /** Nothing is drawn until its weights are there, but for its mark where they take long: a large drawing takes longer than they do. */
  async #lookAt(): Promise<void> {
    const neuron = this.#hovered;
    this.#frames.hold();
    this.#markLater ||= setTimeout(() => this.#mark(), MARK_MS) as unknown as number;
    await this.#ask();
    if (neuron !== this.#hovered) return;
    if (this.#unit === null) {
      this.#light([]);
      this.#mark();
    }
    this.#frames.release();
  }

  async #ask(): Promise<void> {
    const neuron = this.#hovered;
    if (neuron === null) return;
    await this.store.connection.newest("hover", "unit", { ...neuron, most: HOVERED_MOST }).then((unit) => {
      if (unit === null || neuron !== this.#hovered) return;
      this.#unit = unit;
      this.#mark();
      // What is said is seen a frame before its connections are.
      requestAnimationFrame(() => {
        if (this.#unit === unit) this.#light(connectionsOf(neuron.stage, neuron.unit, unit));
      });
    }, () => {});
  }

  #showTip(): void {
    const neuron = this.#hovered;
    if (neuron === null) return this.#tip.hide();
    const box = unitBox(this.#places[neuron.stage]!, neuron.unit), { scale, x, y } = this.#camera;
    const { width, height } = this.#size;
    this.#tip.show(
      neuron,
      this.#unit,
      (box.x + box.width) * scale + x,
      (box.y + box.height) * scale + y,
      width,
      height,
    );
    clearTimeout(this.#readOut);
    this.#readOut = setTimeout(() => {
      const { title, details } = describe(this.store, neuron, this.#unit);
      const text = [title, ...details].join(", ");
      if (document.activeElement === this.#canvas && this.#live.textContent !== text) this.#live.textContent = text;
    }, READ_OUT_MS) as unknown as number;
  }

  #chooseNeuron({ stage, unit }: Neuron): void {
    this.store.choose({ stage: this.store.about.network.stages[stage]!.name, unit });
  }

  #choose(x: number, y: number): void {
    const { links } = this.store.about.network;
    const [px, py] = inverse(this.#camera, x, y), neuron = neuronAt(this.#places, px, py);
    if (neuron) return this.#chooseNeuron(neuron);
    const all = this.#highlight.length > 0 ? this.#highlight : this.connections.drawn;
    const found = connectionAt(this.#places, all, px, py, NEAR_PIXELS / this.#camera.scale);
    const link: Link | undefined = found === null
      ? undefined
      : links.find(({ from, to }) => from === found.drawn.from && to === found.drawn.to);
    if (!found || !link) return;
    const { weights } = found.drawn;
    const { from, to, connection } = weights, { index } = found;
    this.store.choose({
      tensor: link.tensor,
      at: connection ? [connection[index]!] : [to[index]!, from[index]!],
    });
  }
}
