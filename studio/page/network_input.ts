/** Pointer, wheel and keys over the drawing of the network: pan, zoom, which neuron is looked at, and what is chosen. */
import { neuronByKey } from "./keys.ts";
import type { Place } from "./layout.ts";
import { type Camera, HOME, inverse, type Neuron, neuronAt, zoomed } from "./picking.ts";

/** What is looked at, and what input does with it. */
export interface Looked {
  camera(): Camera;
  places(): readonly Place[];
  hovered(): Neuron | null;
  move(camera: Camera): void;
  hover(neuron: Neuron | null): void;
  /** Chooses what lies at a point of the canvas. */
  choose(x: number, y: number): void;
  chooseNeuron(neuron: Neuron): void;
}

/** Pixels that a held pointer moves before the view moves with it. */
const STILL = 4;
const KEY_ZOOM = 1.5;
/** Zoom for a line and for a pixel of the wheel. */
const LINE_ZOOM = 0.05, PIXEL_ZOOM = 0.0016;

export function listenTo(canvas: HTMLCanvasElement, looked: Looked): void {
  let held: { x: number; y: number; camera: Camera; moved: boolean } | null = null;
  canvas.addEventListener("pointerdown", ({ offsetX: x, offsetY: y, button: which }) => {
    if (which === 0) held = { x, y, camera: looked.camera(), moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    const { offsetX: x, offsetY: y } = event;
    if (held && (held.moved || Math.hypot(x - held.x, y - held.y) > STILL)) {
      if (!held.moved) canvas.setPointerCapture(event.pointerId);
      held.moved = true;
      return looked.move({ ...looked.camera(), x: held.camera.x + x - held.x, y: held.camera.y + y - held.y });
    }
    looked.hover(neuronAt(looked.places(), ...inverse(looked.camera(), x, y)));
  });
  canvas.addEventListener("pointerup", ({ offsetX, offsetY }) => {
    if (held && !held.moved) looked.choose(offsetX, offsetY);
    held = null;
  });
  canvas.addEventListener("pointercancel", () => held = null);
  canvas.addEventListener("pointerleave", () => document.activeElement !== canvas && looked.hover(null));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_ZOOM : PIXEL_ZOOM));
    looked.move(zoomed(looked.camera(), factor, event.offsetX, event.offsetY));
  }, { passive: false });
  canvas.addEventListener("blur", () => looked.hover(null));
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !takeKey(event.key, canvas, looked)) return;
    event.preventDefault();
  });
}

/** @returns whether the key means something here */
function takeKey(key: string, { clientWidth, clientHeight }: HTMLCanvasElement, looked: Looked): boolean {
  const zoom = (factor: number) => looked.move(zoomed(looked.camera(), factor, clientWidth / 2, clientHeight / 2));
  const hovered = looked.hovered(), neuron = neuronByKey(key, hovered, looked.places());
  if (neuron) looked.hover(neuron);
  else if (key === "Enter" && hovered) looked.chooseNeuron(hovered);
  else if (key === "Escape") looked.hover(null);
  else if (key === "+") zoom(KEY_ZOOM);
  else if (key === "-") zoom(1 / KEY_ZOOM);
  else if (key === "0") looked.move(HOME);
  else return false;
  return true;
}
