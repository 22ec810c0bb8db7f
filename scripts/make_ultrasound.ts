/**
 * Makes data/ultrasound: five frames of pulse-echo ultrasound as an analogue-to-digital converter gives them, from a seed. The formulas
 * are in data/ultrasound/README.md. The same bytes every time.
 *
 *     deno run -A scripts/make_ultrasound.ts [FOLDER]
 */
import { fromFileUrl, join } from "@std/path";
import { byteNpy } from "./byte_npy.ts";
import { randomNumbers } from "./random_numbers.ts";

const FRAMES = 5, LINES = 32, SAMPLES = 1536, SEED = 7;
/** Samples a second in Hz, the speed of sound in m/s, the distance from one line to the next in m. */
const RATE = 40e6, SPEED = 1540, PITCH = 0.3e-3;
/** The pulse: its centre frequency, and the standard deviation of its spectrum, in Hz. */
const CENTRE = 5e6, SPREAD = 1e6;
/** Attenuation in nepers/(m Hz): 0.5 dB/(cm MHz). */
const ATTENUATION = 0.5 * 100 / 1e6 * Math.LN10 / 20;
/** Standard deviation of the beam across the lines in m, scatterers in a m of depth, standard deviation of the noise. */
const BEAM = 0.4e-3, DENSITY = 12e3, NOISE = 0.004;
/** The largest number that the converter gives, and its gain. */
const RAIL = 2047, GAIN = 2200;

interface Scatterer {
  readonly x: number;
  readonly z: number;
  readonly strength: number;
}

/** A number of mean 0 and variance 1, by Box and Muller. */
const normal = (random: () => number) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Small scatterers, two layers that reflect more, and a vessel in which there is next to nothing. */
function tissue(random: () => number): Scatterer[] {
  const depth = SPEED * SAMPLES / RATE / 2, width = LINES * PITCH;
  const vessel = { x: width * (0.3 + 0.4 * random()), z: depth * (0.35 + 0.3 * random()), radius: 2.5e-3 };
  const scatterers: Scatterer[] = [];
  for (let k = 0; k < DENSITY * depth; k++) {
    const x = width * random(), z = depth * random();
    const isInside = Math.hypot(x - vessel.x, z - vessel.z) < vessel.radius;
    scatterers.push({ x, z, strength: (isInside ? 0.03 : 1) * 0.12 * normal(random) });
  }
  for (const share of [0.15 + 0.1 * random(), 0.75 + 0.15 * random()]) {
    const slope = 0.1 * (random() - 0.5);
    for (let x = 0; x < width; x += PITCH / 6) {
      scatterers.push({ x, z: depth * share + slope * x, strength: 0.5 + 0.1 * normal(random) });
    }
  }
  return scatterers;
}

/** Adds the echo of a scatterer to a line. */
function addEcho(line: Float64Array, { z, strength }: Scatterer): void {
  const loss = ATTENUATION * 2 * z, width = 1 / (2 * Math.PI * SPREAD);
  const frequency = CENTRE - SPREAD ** 2 * loss;
  const amplitude = strength * Math.exp(-loss * CENTRE + (loss * SPREAD) ** 2 / 2);
  const at = 2 * z / SPEED * RATE, reach = 5 * width * RATE;
  for (let i = Math.max(0, Math.ceil(at - reach)); i < Math.min(SAMPLES, at + reach); i++) {
    const t = (i - at) / RATE;
    line[i]! += amplitude * Math.exp(-t * t / (2 * width * width)) * Math.cos(2 * Math.PI * frequency * t);
  }
}

function frame(random: () => number): Int16Array {
  const scatterers = tissue(random), values = new Int16Array(LINES * SAMPLES);
  for (let number = 0; number < LINES; number++) {
    const x = (number + 0.5) * PITCH, line = new Float64Array(SAMPLES);
    for (const scatterer of scatterers) {
      const beam = Math.exp(-((scatterer.x - x) ** 2) / (2 * BEAM * BEAM));
      if (beam > 1e-3) addEcho(line, { ...scatterer, strength: beam * scatterer.strength });
    }
    for (let i = 0; i < SAMPLES; i++) {
      // The transmitted pulse rings in the transducer and drives the converter to its rails.
      const burst = 4 * Math.exp(-i / 12) * Math.cos(2 * Math.PI * CENTRE * i / RATE);
      const value = Math.round(GAIN * (line[i]! + burst + NOISE * normal(random)) + 6);
      values[number * SAMPLES + i] = Math.min(RAIL, Math.max(-RAIL - 1, value));
    }
  }
  return values;
}

async function make(target: string): Promise<void> {
  const random = randomNumbers(SEED);
  await Deno.mkdir(target, { recursive: true });
  for (let number = 0; number < FRAMES; number++) {
    await Deno.writeFile(join(target, `frame_${number}.npy`), byteNpy("<i2", frame(random), SAMPLES));
  }
}

if (import.meta.main) await make(Deno.args[0] ?? fromFileUrl(new URL("../data/ultrasound", import.meta.url)));
