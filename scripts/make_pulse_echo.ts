/**
 * Makes data/pulse_echo: lines like those of pulse-echo ultrasound, from a seed. In each line a short pulse comes back from a
 * few interfaces, weaker the deeper they lie, over weak scattering and noise. The same bytes every time.
 *
 *     deno run -A scripts/make_pulse_echo.ts [FOLDER]
 */
import { fromFileUrl, join } from "@std/path";
import { byteNpy } from "./byte_npy.ts";
import { randomNumbers } from "./random_numbers.ts";

const LINES = 400, SAMPLES = 256, FILES = 2, SEED = 20;
/** Samples in a period of the pulse, and the width of its envelope. */
const PERIOD = 12, WIDTH = 7;
/** The share of the amplitude that is left after all samples of a line. */
const LEFT = 0.3;

/** Values of -1 to 1, most of them from -0.8 to 0.8. */
function line(random: () => number): Float64Array {
  const values = new Float64Array(SAMPLES);
  const echo = (at: number, size: number) => {
    const amplitude = size * LEFT ** (at / SAMPLES);
    for (let i = Math.max(0, Math.ceil(at - 4 * WIDTH)); i < Math.min(SAMPLES, at + 4 * WIDTH); i++) {
      const x = i - at;
      values[i]! += amplitude * Math.exp(-x * x / (2 * WIDTH * WIDTH)) * Math.cos(2 * Math.PI * x / PERIOD);
    }
  };
  const interfaces = 2 + Math.floor(3 * random());
  for (let k = 0; k < interfaces; k++) echo(SAMPLES * (0.05 + 0.9 * random()), 0.4 + 0.4 * random());
  for (let k = 0; k < 24; k++) echo(SAMPLES * random(), 0.06 * (random() - 0.5));
  for (let i = 0; i < SAMPLES; i++) values[i]! += 0.02 * (random() + random() - 1);
  return values.map((value) => Math.min(1, Math.max(-1, value)));
}

async function make(target: string): Promise<void> {
  const random = randomNumbers(SEED);
  await Deno.mkdir(target, { recursive: true });
  for (let file = 0; file < FILES; file++) {
    const rows = LINES / FILES;
    const values = new Int8Array(rows * SAMPLES);
    for (let row = 0; row < rows; row++) {
      line(random).forEach((value, i) => values[row * SAMPLES + i] = Math.round(127 * value));
    }
    await Deno.writeFile(join(target, `lines_${file}.npy`), byteNpy("|i1", values, SAMPLES));
  }
}

if (import.meta.main) await make(Deno.args[0] ?? fromFileUrl(new URL("../data/pulse_echo", import.meta.url)));
