/** What is written and marked above the drawing of the network: names of layers, the neuron under the pointer, chosen neurons. */
import { colours } from "./colours.ts";
import { countText } from "./numbers.ts";
import { type Place, unitBox } from "./layout.ts";
import type { Camera, Neuron } from "./picking.ts";
import { isFrozen } from "./store.ts";
import { drawBypasses } from "./bypass_lines.ts";
import type { Stage } from "./types.ts";

const FONT = '-apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif';

export const sizeText = ({ shape, units }: Stage): string =>
  shape.length > 1
    ? shape.slice(shape.length === 3 && shape[0] === 1 ? 1 : 0).map(countText).join(" × ")
    : countText(units);

/** Of what lies within a layer, `encoder.0.layer1` or `encoder.1.layers.0`, the last part: it stands before the layer itself. */
const shortName = ({ latent, name }: Stage): string => latent ? "latent" : name.split(".").slice(2).join(".") || name;

/** The same where there is little room: `e.0`, `l.1`, `z`. */
const tinyName = (stage: Stage): string =>
  stage.latent ? "z" : shortName(stage).replace(/^(en|de)coder/, (part) => part[0]!).replaceAll("layers.", "l.");

/** Pixels between names that lie below each other, for which their sizes have a line of their own. */
const TWO_LINES = 30;

interface Marks {
  readonly hovered: Neuron | null;
  readonly chosen: readonly Neuron[];
  /** Names of layers. */
  readonly frozen: readonly string[];
  readonly down: boolean;
}

export function drawOverlay(
  context: CanvasRenderingContext2D,
  stages: readonly Stage[],
  places: readonly Place[],
  camera: Camera,
  { hovered, chosen, frozen, down }: Marks,
): void {
  const { ink, muted, page, accent } = colours();
  const screen = (x: number, y: number) => [x * camera.scale + camera.x, y * camera.scale + camera.y] as const;
  context.textBaseline = "alphabetic";
  context.lineJoin = "round";
  drawBypasses(context, stages, places, camera, { down, font: `12px ${FONT}` });
  const middleOf = (i: number) =>
    places[i] && (down ? places[i].y + places[i].height / 2 : places[i].x + places[i].width / 2);
  for (const [i, stage] of stages.entries()) {
    const place = places[i]!;
    const [left, top] = screen(place.x, place.y);
    const [right, bottom] = screen(place.x + place.width, place.y + place.height);
    const name = shortName(stage), kinds = stage.kinds.join(" + ");
    const size = sizeText(stage), state = isFrozen(stage, frozen) ? " · frozen" : "";
    const bold = `600 12px ${FONT}`, plain = `12px ${FONT}`;
    /** The first of the texts that has room, or what has room of the last one. */
    const write = (texts: readonly string[], font: string, color: string, x: number, y: number, most: number) => {
      context.font = font;
      let shown = texts.find((text) => context.measureText(text).width <= most) ?? texts.at(-1)!;
      while (shown.length > 2 && context.measureText(shown).width > most) shown = `${shown.slice(0, -2)}…`;
      context.lineWidth = 3;
      context.strokeStyle = page;
      context.strokeText(shown, x, y);
      context.fillStyle = color;
      context.fillText(shown, x, y);
      return context.measureText(shown).width;
    };
    const near = [i - 1, i + 1].map((k) => Math.abs((middleOf(k) ?? Infinity) - middleOf(i)!) * camera.scale);
    if (down) {
      context.textAlign = "left";
      const isTight = Math.min(...near) < TWO_LINES, x = right + 10, y = (top + bottom) / 2 + (isTight ? 4 : -3);
      const width = write([name], bold, ink, x, y, 110);
      write([size + state], plain, muted, isTight ? x + width + 6 : x, isTight ? y : y + 15, 110);
      continue;
    }
    context.textAlign = "center";
    const middle = (left + right) / 2;
    // A name has the room up to the middles between its stage and its neighbours.
    const most = Math.max(24, Math.min(...near) - 6);
    write([name, tinyName(stage)], bold, ink, middle, top - 22, most);
    write([size + state, size.replaceAll(" × ", "×") + state], plain, muted, middle, top - 8, most);
    if (kinds !== "") write([kinds], plain, muted, middle, bottom + 18, most);
  }
  const ring = ({ stage, unit }: Neuron, color: string, width: number) => {
    const place = places[stage];
    if (place === undefined || unit >= place.units) return;
    const box = unitBox(place, unit), [x, y] = screen(box.x, box.y);
    const [w, h] = [Math.max(7, box.width * camera.scale), Math.max(7, box.height * camera.scale)];
    const [cx, cy] = [x + box.width * camera.scale / 2, y + box.height * camera.scale / 2];
    context.lineWidth = width + 2;
    context.strokeStyle = page;
    context.strokeRect(cx - w / 2 - 1, cy - h / 2 - 1, w + 2, h + 2);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.strokeRect(cx - w / 2 - 1, cy - h / 2 - 1, w + 2, h + 2);
  };
  for (const neuron of chosen) ring(neuron, accent, 2);
  if (hovered) ring(hovered, ink, 2);
}
