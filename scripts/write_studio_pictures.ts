/**
 * Writes the pictures of the studio in the README: docs/images/studio.png and studio_dark.png, and studio_training.png, which shows the
 * network while it trains, frame after frame (an animated PNG):
 *
 *     deno run -A scripts/write_studio_pictures.ts
 *
 * They are of the digits with configs/digits_conv2d.yaml, in an installed Chromium.
 */
import { join } from "@std/path";
import { type Browser, chromium, type Page } from "playwright-core";
import { ensureEngine } from "../core/build/ensure.ts";
import { ROOT } from "../core/build/tree.ts";
import { serveStudio } from "../studio/server/serve.ts";
import { parseAsk } from "../studio/session/ask.ts";
import { openingOf } from "../studio/session/opening.ts";
import { Studio } from "../studio/studio.ts";
import { animatedPng } from "./animated_png.ts";
import { installedChromium } from "./check_accessibility.ts";

const CONFIG = join(ROOT, "configs/digits_conv2d.yaml");
const IMAGES = join(ROOT, "docs/images");
const SIZE = { width: 1280, height: 720 };
/** Steps between two frames: the first ones change most. */
const STEPS = [0, 1, 2, 4, 8, 12, 20, 30, 50, 80, 120];
const FRAME_MS = 450;
const LAST_MS = 2000;
/** Until weights and values of the last step are drawn. */
const SETTLED_MS = 2500;

async function pageOf(browser: Browser, url: string, colorScheme: "light" | "dark", hash: string): Promise<Page> {
  const page = await browser.newPage({ viewport: SIZE, colorScheme });
  page.setDefaultTimeout(120_000);
  await page.goto(`${url}${hash}`);
  await page.getByText("strongest connections are drawn").waitFor();
  return page;
}

/** Makes some steps and waits until the page shows them. */
async function goOn(studio: Studio, page: Page, steps: number): Promise<void> {
  const { step } = await studio.state();
  if (steps > 0) {
    await studio.answer(parseAsk({ id: 1, ask: "command", command: { do: "continue", steps } }), { tell() {} });
  }
  await page.locator(".where", { hasText: `step ${step + steps} ` }).waitFor();
  await page.waitForTimeout(SETTLED_MS);
}

const executablePath = installedChromium();
if (executablePath === null) throw new Error("no Chromium is installed");
await ensureEngine({ quiet: true });
const runs = Deno.makeTempDirSync();
const studio = await Studio.open({
  ...await openingOf(undefined, { config: CONFIG, overrides: [`paths.runs=${runs}`] }),
  signals: false,
});
const server = serveStudio(studio, 0);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"],
});
try {
  const page = await pageOf(browser, server.url, "light", "#row=3&tab=map");
  const area = (await page.locator(".area").boundingBox())!;
  const clip = { x: area.x, y: area.y + 0.2 * area.height, width: area.width, height: 0.6 * area.height };
  const frames = [];
  for (const steps of STEPS) {
    await goOn(studio, page, steps);
    frames.push({ png: await page.screenshot({ clip }), ms: steps === STEPS.at(-1) ? LAST_MS : FRAME_MS });
  }
  Deno.writeFileSync(join(IMAGES, "studio_training.png"), animatedPng(frames));
  await page.locator("canvas.map").click({ position: { x: 250, y: 120 } });
  await page.waitForTimeout(1000);
  Deno.writeFileSync(join(IMAGES, "studio.png"), await page.screenshot());
  const dark = await pageOf(browser, server.url, "dark", "#row=3&tab=map");
  await dark.waitForTimeout(1500);
  await dark.locator("canvas.map").click({ position: { x: 250, y: 120 } });
  await dark.waitForTimeout(1000);
  Deno.writeFileSync(join(IMAGES, "studio_dark.png"), await dark.screenshot());
} finally {
  await browser.close();
  await server[Symbol.asyncDispose]();
  await studio[Symbol.asyncDispose]();
  Deno.removeSync(runs, { recursive: true });
}
