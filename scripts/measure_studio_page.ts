/**
 * Measures the drawing of the studio's page in an installed Chromium: frames per second with 200,000 neurons, of which new values
 * arrive 30 times a second, and 50,000 connections, at 1280 x 720; and the time from moving onto a neuron to what is said about it.
 *
 *     deno run -A scripts/measure_studio_page.ts [--gpu]
 *
 * Pictures are computed by the processor (SwiftShader) unless `--gpu` is given. The page is the real one; what it is told are random
 * numbers in the frames of the protocol, from this script.
 */
import { join } from "@std/path";
import { chromium, type Page } from "playwright-core";
import { ROOT } from "../core/build/tree.ts";
import type { About, Asks, Message, State, Taken } from "../studio/protocol.ts";
import { Queue } from "../studio/server/queue.ts";
import { installedChromium } from "./check_accessibility.ts";

const STAGES = 8;
const UNITS = 25_000;
const CONNECTIONS = 50_000;
/** The most that a page may ask for. */
const VALUES_PER_SECOND = 30;
const SECONDS = 8;
const HOVERS = 20;
/** Until the picture of the connections is finished, which takes many frames. */
const SETTLED_MS = 15_000;
/** Of /proc on Linux. */
const TICKS_PER_SECOND = 100;
const PATIENCE_MS = 120_000;
const SIZE = { width: 1280, height: 720 };

const stages = Array.from({ length: STAGES }, (_, i) => ({
  name: i === 0 ? "input" : `encoder.${i - 1}`,
  kinds: i === 0 ? [] : ["linear"],
  shape: [UNITS],
  units: UNITS,
  parameters: [],
  parts: null,
  sources: [],
  editable: false,
  latent: i === STAGES >> 1,
}));
const links = stages.slice(1).map((stage, i) => ({
  from: i,
  to: i + 1,
  tensor: `${stage.name}.weight`,
  total: UNITS ** 2,
}));
const state: State = {
  ...{ phase: "paused", step: 0, epoch: 0, steps_per_epoch: 1, learning_rate: 0.001, step_rate: null, batch_size: 32 },
  ...{
    next_batch_size: null,
    seconds: { step: null, wait: null, epoch: null },
    frozen: [],
    noise: [],
    reason: null,
    edits: 0,
  },
};
const about: About = {
  title: "random numbers",
  run: { path: "random", name: "random" },
  state,
  data: {
    ...{ kind: "table", columns: UNITS, shape: null, rate_hz: null, rows: { train: 1, validation: 0, test: 0 } },
    ...{ files: 0, bytes: 0, names: null },
  },
  network: {
    ...{ stages, links, noise: [], latent_size: UNITS, parameters: 0, neurons: STAGES * UNITS },
    connections: links.reduce((sum, { total }) => sum + total, 0),
  },
  settings: { config: "" },
  formats: [],
};

const random = (length: number) => Float32Array.from({ length }, () => 2 * Math.random() - 1);
const places = (length: number) => Uint32Array.from({ length }, () => Math.floor(Math.random() * UNITS));

type Question = { readonly id: number; readonly ask: string } & Record<string, unknown>;

function answerOf(question: Question): unknown {
  switch (question.ask) {
    case "about":
      return about;
    case "strongest": {
      const most = question.most as number, weight = random(most).sort((a, b) => Math.abs(b) - Math.abs(a));
      return {
        from: places(most),
        to: places(most),
        weight,
        connection: null,
        total: UNITS ** 2,
      } satisfies Asks["strongest"]["answer"];
    }
    case "unit": {
      const { stage, unit, most } = question as unknown as Asks["unit"]["asks"];
      const bundle = (other: number) => ({
        ...{ tensor: `${stages[stage]!.name}.weight`, stage: other, connections: null },
        units: Uint32Array.from({ length: most }, (_, i) => (unit + i) % UNITS),
        values: random(most),
      });
      const [into, out] = [[stage - 1], [stage + 1]].map((near) => near.filter((at) => at in stages).map(bundle));
      return {
        ...{ own: [], into: into!, out: out!, filter: null },
        ...{ into_total: into!.length * UNITS, out_total: out!.length * UNITS },
      } satisfies Asks["unit"]["answer"];
    }
    case "row":
      return {
        part: "train",
        label: null,
        columns: null,
        input: random(UNITS),
        output: random(UNITS),
        latent: random(16),
        mse: 1,
      };
    case "history":
      return { step: new Uint32Array(0), loss: new Float32Array(0), seconds: new Float32Array(0), epochs: [] };
    case "journal":
      return { edits: [] };
    default:
      return {};
  }
}

function serve(): Deno.HttpServer<Deno.NetAddr> {
  const types: Readonly<Record<string, string>> = {
    html: "text/html",
    js: "text/javascript",
    css: "text/css",
    svg: "image/svg+xml",
  };
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1) || "index.html";
    if (name !== "socket") {
      const type = types[name.split(".").at(-1)!];
      if (type === undefined || name.includes("/")) return new Response(null, { status: 404 });
      return new Response(Deno.readFileSync(join(ROOT, "studio/page/public", name)), {
        headers: { "content-type": type },
      });
    }
    const { socket, response } = Deno.upgradeWebSocket(request);
    let timer = 0;
    // What the studio does with a socket: the page's share of the time is what is measured.
    const queue = new Queue(socket);
    socket.onmessage = ({ data }) => {
      const said = JSON.parse(data) as Question | Taken;
      if ("taken" in said) queue.taken();
      else queue.answer({ id: said.id, stood: 0, answer: answerOf(said) } as Message);
    };
    socket.onopen = () => {
      const at = stages.map((_, i) => i * UNITS), values = Array.from({ length: 4 }, () => random(STAGES * UNITS));
      let step = 0;
      timer = Number(setInterval(() => {
        queue.tell("values", { step, at, values: values[step++ % values.length]! });
      }, 1000 / VALUES_PER_SECOND));
    };
    socket.onclose = () => clearInterval(timer);
    return response;
  });
}

/** Seconds of processor time that the processes started by this one have taken so far; null where the system does not say. */
function processorSeconds(): number | null {
  const parents = new Map<number, number>(), ticks = new Map<number, number>();
  try {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const fields = Deno.readTextFileSync(`/proc/${name}/stat`).split(") ").at(-1)!.split(" ");
        parents.set(Number(name), Number(fields[1]));
        ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
      } catch { /* it has just ended */ }
    }
  } catch {
    return null;
  }
  const isOurs = (process: number | undefined): boolean =>
    process !== undefined && (parents.get(process) === Deno.pid || isOurs(parents.get(process)));
  return [...ticks].filter(([process]) => isOurs(process)).reduce((sum, [, ticks]) => sum + ticks, 0) /
    TICKS_PER_SECOND;
}

/** In words: frames a second in which something was drawn with WebGL, and the browser's processor time for each. */
async function frames(page: Page, meanwhile: () => Promise<void>): Promise<string> {
  const before = processorSeconds();
  const counted = page.evaluate((seconds) =>
    new Promise<{ frames: number; elapsed: number }>((resolve) => {
      const known = globalThis as unknown as { drawn: boolean };
      const began = performance.now();
      let frames = 0;
      const next = () => {
        if (known.drawn) frames++;
        known.drawn = false;
        const elapsed = (performance.now() - began) / 1000;
        if (elapsed < seconds) requestAnimationFrame(next);
        else resolve({ frames, elapsed });
      };
      requestAnimationFrame(next);
    }), SECONDS);
  await meanwhile();
  const { frames, elapsed } = await counted, after = processorSeconds();
  const processor = before === null || after === null
    ? ""
    : `, ${(1000 * (after - before) / frames).toFixed(0)} ms of processor time each`;
  return `${(frames / elapsed).toFixed(1)} frames per second${processor}`;
}

if (import.meta.main) {
  const executablePath = installedChromium();
  if (executablePath === null) throw new Error("no Chromium is installed");
  const software = ["--disable-gpu", "--enable-unsafe-swiftshader"];
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", ...Deno.args.includes("--gpu") ? [] : software],
  });
  const server = serve();
  const page = await browser.newPage({ viewport: SIZE });
  page.setDefaultTimeout(PATIENCE_MS);
  await page.addInitScript(() => {
    const known = globalThis as unknown as { drawn: boolean };
    for (const name of ["drawArrays", "drawArraysInstanced"] as const) {
      const draw = WebGL2RenderingContext.prototype[name] as (...values: number[]) => void;
      WebGL2RenderingContext.prototype[name] = function (this: WebGL2RenderingContext, ...values: number[]) {
        known.drawn = true;
        draw.apply(this, values);
      };
    }
  });
  await page.goto(`http://127.0.0.1:${server.addr.port}/#strongest=${CONNECTIONS}`);
  await page.getByText(/The [1-9][\d,]* strongest connections are drawn/).waitFor();
  const said = await page.getByText("strongest connections are drawn").textContent();
  const renderer = await page.evaluate(() => {
    const gl = document.createElement("canvas").getContext("webgl2")!;
    return String(
      gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER),
    );
  });
  console.log(`${renderer}; ${SIZE.width} x ${SIZE.height}; ${STAGES * UNITS} neurons. ${said}`);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await pause(SETTLED_MS);
  const area = (await page.locator("canvas.network").boundingBox())!;
  // In the middle of a layer.
  const centre = { x: area.x + (4.5 / STAGES) * area.width, y: area.y + area.height / 2 };
  console.log(`new values ${VALUES_PER_SECOND} times a second: ${await frames(page, () => Promise.resolve())}`);
  await page.mouse.move(centre.x, area.y + 30);
  await page.mouse.down();
  const moving = await frames(page, async () => {
    for (const end = Date.now() + 1000 * SECONDS; Date.now() < end; await pause(16)) {
      await page.mouse.move(centre.x + 100 * Math.sin(Date.now() / 400), area.y + 30 + 40 * Math.cos(Date.now() / 400));
    }
  });
  await page.mouse.up();
  await page.getByRole("button", { name: "Fit" }).click();
  console.log(`and the view is moved meanwhile: ${moving}`);
  const times = [];
  for (let i = 0; i < HOVERS; i++) {
    await page.mouse.move(area.x + 5, area.y + area.height - 5);
    await pause(150);
    await page.evaluate(() => {
      const known = globalThis as unknown as { moved: number };
      known.moved = 0;
      const note = (event: Event) => known.moved = event.timeStamp;
      document.querySelector("canvas.network")!.addEventListener("pointermove", note, { capture: true, once: true });
    });
    await page.mouse.move(centre.x + i % 5, centre.y + i);
    times.push(
      await page.evaluate(() =>
        new Promise<number>((resolve) => {
          const known = globalThis as unknown as { moved: number };
          const tip = document.querySelector<HTMLElement>(".tip")!;
          const isShown = () => known.moved > 0 && !tip.hidden && tip.textContent?.includes("weights in");
          const watch = () => isShown() ? resolve(performance.now() - known.moved) : requestAnimationFrame(watch);
          watch();
        })
      ),
    );
  }
  times.sort((a, b) => a - b);
  console.log(
    `from moving onto a neuron to its weights being shown: median ${times[HOVERS >> 1]!.toFixed(0)} ms, longest ${
      times.at(-1)!.toFixed(0)
    } ms`,
  );
  await browser.close();
  await server.shutdown();
}
