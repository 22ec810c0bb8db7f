/** The loss by step, epoch or seconds: of steps, and of epochs for training and validation rows. */
import { colours, onColours } from "./colours.ts";
import { button, checkbox, choice, fitted, make, picture } from "./dom.ts";
import { Curve, type Point } from "./curve.ts";
import { Frames } from "./frames.ts";
import { countText, logTicks, secondsText, shortText, ticks } from "./numbers.ts";
import type { Shown } from "./address.ts";
import type { Store } from "./store.ts";

const HEIGHT = 190;
const MARGIN = { left: 46, right: 8, top: 8, bottom: 20 };
const POINTS_MOST = 2000;

type Span = readonly [number, number];

export class LossGraph {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #said = make("p", { class: "note said" });
  readonly #curve = new Curve(POINTS_MOST);
  #zoom: Span | null = null;
  #full: Span = [0, 1];
  #dragged: Span | null = null;
  readonly #frames = new Frames(() => this.#draw());

  constructor(readonly store: Store) {
    const { shown } = store.view;
    const axis = choice([["step", "steps"], ["epoch", "epochs"], ["seconds", "seconds"]], shown.axis, (value) => {
      this.#zoom = null;
      store.view.set({ axis: value as Shown["axis"] });
      this.#frames.soon();
    });
    axis.setAttribute("aria-label", "Horizontal axis of the loss");
    const log = checkbox("log", shown.log, (on) => {
      store.view.set({ log: on });
      this.#frames.soon();
    });
    this.#canvas = picture("Loss", "loss");
    this.#canvas.tabIndex = 0;
    this.#canvas.setAttribute("role", "application");
    const all = button("All", () => this.#setZoom(null), { attributes: { title: "Show the whole run" } });
    this.element = make(
      "section",
      { attributes: { "aria-label": "Loss" } },
      make("div", { class: "heading" }, make("h2", {}, "Loss"), axis, log, all),
      this.#canvas,
      make(
        "ul",
        { class: "legend" },
        make("li", { class: "of-steps" }, "steps"),
        make("li", { class: "of-train" }, "train"),
        make("li", { class: "of-validation" }, "validation"),
      ),
      this.#said,
    );
    store.on("about", () => this.load());
    store.on("steps", ({ step, loss, seconds, count }) => {
      this.#curve.addSteps(step, loss, seconds, count);
      this.#frames.streamed();
    });
    store.on("epochs", (points) => {
      for (const point of points) this.#curve.addEpoch(point);
      this.#frames.soon();
    });
    onColours(this.#frames.soon);
    new ResizeObserver(this.#frames.soon).observe(this.#canvas);
    this.#listen();
  }

  /** Asks for the losses so far. */
  load(): void {
    this.store.connection.newest("history", "history", { most: POINTS_MOST }).then((answer) => {
      if (answer === null) return;
      this.#curve.begin(answer);
      this.#frames.soon();
    }, () => {});
  }

  #xOf(point: Point): number {
    const { axis } = this.store.view.shown, { steps_per_epoch } = this.store.state;
    return axis === "step"
      ? point.step
      : axis === "seconds"
      ? point.seconds
      : point.step / Math.max(1, steps_per_epoch);
  }

  #draw(): void {
    const width = this.#canvas.clientWidth;
    if (width === 0 || this.store.state === undefined) return;
    const context = fitted(this.#canvas, width, HEIGHT), palette = colours();
    const { shown } = this.store.view, { steps, epochs } = this.#curve;
    const visible = (value: number | null): value is number =>
      value !== null && Number.isFinite(value) && (!shown.log || value > 0);
    const lines: { points: (readonly [number, number])[]; color: string; width: number; dots: boolean }[] = [
      {
        points: steps.filter(({ loss }) => visible(loss)).map((p) => [this.#xOf(p), p.loss]),
        color: palette.muted,
        width: 1,
        dots: false,
      },
      {
        points: epochs.filter(({ train }) => visible(train)).map((p) => [this.#xOf(p), p.train!]),
        color: palette.accent,
        width: 2,
        dots: true,
      },
      {
        points: epochs.filter(({ validation }) => visible(validation)).map((p) => [this.#xOf(p), p.validation!]),
        color: palette.second,
        width: 2,
        dots: true,
      },
    ];
    const every = lines.flatMap(({ points }) => points);
    const lastX = every.reduce((most, [x]) => Math.max(most, x), 0);
    this.#full = [0, lastX || 1];
    const [x0, x1] = this.#zoom ?? this.#full;
    const inside = every.filter(([x]) => x >= x0 && x <= x1).map(([, y]) => y).sort((a, b) => a - b);
    context.font = "11px sans-serif";
    context.fillStyle = palette.muted;
    if (inside.length === 0) {
      context.textAlign = "center";
      context.fillText(every.length === 0 ? "no step yet" : "nothing within this part", width / 2, HEIGHT / 2);
      this.#canvas.setAttribute("aria-label", "Loss: no step yet");
      return;
    }
    const scale = shown.log ? Math.log10 : (value: number) => value;
    let [low, high] = [shown.log ? inside[0]! : Math.min(0, inside[0]!), inside.at(-1)!];
    if (low === high) [low, high] = shown.log ? [low / 1.5, high * 1.5] : [low - 0.5, high + 0.5];
    const [s0, s1] = [scale(low), scale(high)], padding = 0.04 * (s1 - s0);
    const box = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const atX = (x: number) => MARGIN.left + box.width * (x - x0) / (x1 - x0);
    const atY = (y: number) => MARGIN.top + box.height * (1 - (scale(y) - s0 + padding) / (s1 - s0 + 2 * padding));
    context.textAlign = "right";
    for (const y of shown.log ? logTicks(low, high) : ticks(low, high, 4)) {
      context.fillStyle = palette.grid;
      context.fillRect(MARGIN.left, Math.round(atY(y)), box.width, 1);
      context.fillStyle = palette.muted;
      context.fillText(shortText(y), MARGIN.left - 5, atY(y) + 4);
    }
    const isWhole = (x: number) => shown.axis !== "step" || Number.isInteger(x);
    for (const x of ticks(x0, x1, Math.max(2, box.width / 80)).filter(isWhole)) {
      context.textAlign = atX(x) > width - 20 ? "right" : "center";
      context.fillText(
        shown.axis === "seconds" ? secondsText(x) : Number.isInteger(x) ? countText(x) : shortText(x),
        atX(x),
        HEIGHT - 5,
      );
    }
    context.save();
    context.beginPath();
    context.rect(MARGIN.left - 3, 0, box.width + MARGIN.right + 3, HEIGHT - MARGIN.bottom + 2);
    context.clip();
    for (const { points, color, width: thick, dots } of lines) {
      context.strokeStyle = context.fillStyle = color;
      context.lineWidth = thick;
      context.lineJoin = "round";
      context.beginPath();
      for (const [i, [x, y]] of points.entries()) {
        i === 0 ? context.moveTo(atX(x), atY(y)) : context.lineTo(atX(x), atY(y));
      }
      context.stroke();
      if (!dots || points.length > 60) continue;
      for (const [x, y] of points) {
        context.beginPath();
        context.arc(atX(x), atY(y), 2.5, 0, 7);
        context.fill();
      }
    }
    if (this.#dragged) {
      const [a, b] = this.#dragged.map(atX) as [number, number];
      context.fillStyle = palette.accent;
      context.globalAlpha = 0.15;
      context.fillRect(Math.min(a, b), MARGIN.top, Math.abs(b - a), box.height);
    }
    context.restore();
    this.#say();
  }

  /** The last losses in words, as the picture shows them. */
  #say(): void {
    const step = this.#curve.steps.at(-1), epoch = this.#curve.epochs.at(-1);
    const parts = [
      step && `step ${countText(step.step)}: ${shortText(step.loss)}`,
      epoch && epoch.train !== null && `epoch ${countText(epoch.epoch)}: train ${shortText(epoch.train)}`,
      epoch && epoch.validation !== null && `validation ${shortText(epoch.validation)}`,
    ].filter(Boolean);
    this.#said.textContent = parts.join(", ");
    this.#canvas.setAttribute(
      "aria-label",
      `Loss. ${parts.join(", ")}. Plus and minus zoom, left and right arrows move.`,
    );
  }

  #setZoom(span: Span | null): void {
    const [low, high] = this.#full;
    if (span) {
      const size = Math.min(high - low, Math.max(1e-3 * (high - low), span[1] - span[0]));
      const from = Math.min(high - size, Math.max(low, span[0]));
      span = size >= 0.999 * (high - low) ? null : [from, from + size];
    }
    this.#zoom = span;
    this.#frames.soon();
  }

  #listen(): void {
    const canvas = this.#canvas;
    const at = ({ offsetX }: MouseEvent) => {
      const [low, high] = this.#zoom ?? this.#full;
      const share = (offsetX - MARGIN.left) / (canvas.clientWidth - MARGIN.left - MARGIN.right);
      return low + Math.min(1, Math.max(0, share)) * (high - low);
    };
    const zoom = (factor: number, x: number) => {
      const [low, high] = this.#zoom ?? this.#full;
      this.#setZoom([x - (x - low) * factor, x + (high - x) * factor]);
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#dragged = [at(event), at(event)];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#dragged === null) return;
      this.#dragged = [this.#dragged[0], at(event)];
      this.#frames.soon();
    });
    canvas.addEventListener("pointerup", () => {
      const [a, b] = this.#dragged ?? [0, 0], [low, high] = this.#zoom ?? this.#full;
      this.#dragged = null;
      if (Math.abs(b - a) > 0.02 * (high - low)) this.#setZoom([Math.min(a, b), Math.max(a, b)]);
      this.#frames.soon();
    });
    canvas.addEventListener("dblclick", () => this.#setZoom(null));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom(Math.exp(event.deltaY * 0.002), at(event));
    }, { passive: false });
    canvas.addEventListener("keydown", ({ key }) => {
      const [low, high] = this.#zoom ?? this.#full, size = high - low;
      if (key === "+") zoom(0.7, high);
      else if (key === "-") zoom(1 / 0.7, high);
      else if (key === "ArrowLeft") this.#setZoom([low - 0.2 * size, high - 0.2 * size]);
      else if (key === "ArrowRight") this.#setZoom([low + 0.2 * size, high + 0.2 * size]);
      else if (key === "0") this.#setZoom(null);
    });
  }
}
