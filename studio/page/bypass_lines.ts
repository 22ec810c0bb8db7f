/** Lines for values that go past layers, below the drawing, or to its left where layers lie below each other. */
import { colours } from "./colours.ts";
import type { Place } from "./layout.ts";
import type { Camera } from "./picking.ts";
import { bypasses } from "./sources.ts";
import type { Stage } from "./types.ts";

/** Pixels from a stage to the line, past what is written there, and between two lines. */
const BELOW = 32, BESIDE = 8, APART = 18;
/** Pixels that a line keeps from what is written below a stage. */
const UNDER_NAME = 25;
const ROUND = 6, ARROW = 4;

export function drawBypasses(
  context: CanvasRenderingContext2D,
  stages: readonly Stage[],
  places: readonly Place[],
  camera: Camera,
  { down, font }: { readonly down: boolean; readonly font: string },
): void {
  const { muted, page } = colours();
  const screenX = (x: number) => x * camera.scale + camera.x, screenY = (y: number) => y * camera.scale + camera.y;
  for (const { from, to, text, level } of bypasses(stages)) {
    const between = places.slice(from, to + 1), [start, end] = [places[from]!, places[to]!];
    context.lineWidth = 1.5;
    context.strokeStyle = context.fillStyle = muted;
    context.beginPath();
    if (down) {
      const x = screenX(Math.min(...between.map((place) => place.x))) - BESIDE - APART / 3 * (level + 1);
      const [y0, y1] = [start, end].map((place) => screenY(place.y + place.height / 2)) as [number, number];
      const tip = screenX(end.x) - 3;
      context.moveTo(screenX(start.x) - 3, y0);
      context.arcTo(x, y0, x, y1, ROUND);
      context.arcTo(x, y1, tip, y1, ROUND);
      context.lineTo(tip, y1);
      context.moveTo(tip - ARROW, y1 - ARROW);
      context.lineTo(tip, y1);
      context.lineTo(tip - ARROW, y1 + ARROW);
      context.stroke();
      continue;
    }
    const y = screenY(Math.max(...between.map((place) => place.y + place.height))) + BELOW + APART * level;
    const [x0, x1] = [start, end].map((place) => screenX(place.x + place.width / 2)) as [number, number];
    const [top0, top1] = [start, end].map((place) => screenY(place.y + place.height) + UNDER_NAME) as [number, number];
    context.moveTo(x0, top0);
    context.arcTo(x0, y, x1, y, ROUND);
    context.arcTo(x1, y, x1, top1, ROUND);
    context.lineTo(x1, top1);
    context.moveTo(x1 - ARROW, top1 + ARROW);
    context.lineTo(x1, top1);
    context.lineTo(x1 + ARROW, top1 + ARROW);
    context.stroke();
    context.font = font;
    if (context.measureText(text).width > Math.abs(x1 - x0) - 2 * ROUND) continue;
    context.textAlign = "center";
    context.lineWidth = 5;
    context.strokeStyle = page;
    context.strokeText(text, (x0 + x1) / 2, y + 4);
    context.fillText(text, (x0 + x1) / 2, y + 4);
  }
}
