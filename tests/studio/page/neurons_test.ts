/** Networks of neurons in the page, asserted in the engine's weights. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { drawnStages, layOut, type Place, unitBox } from "../../../studio/page/layout.ts";
import type { About } from "../../../studio/protocol.ts";
import { temporary } from "../../helpers/cli.ts";
import { ownConfig } from "../../helpers/studio.ts";
import { browserTest, OpenPage } from "../../helpers/studio_page.ts";
import { listed } from "../../../studio/page/listed.ts";

await ensureEngine({ quiet: true });

/** Where the page draws the units of each stage. */
async function drawn(page: Page, about: About): Promise<readonly Place[]> {
  const box = (await page.locator("canvas.network").boundingBox())!;
  return layOut(drawnStages(about), Math.round(box.width), Math.round(box.height));
}

const middle = (place: Place, unit: number) => {
  const { x, y, width, height } = unitBox(place, unit);
  return { x: x + width / 2, y: y + height / 2 };
};

/** Waits until the engine has a value. */
async function until(isThere: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !await isThere();) {
    assert(Date.now() < end, "waited for 20 seconds");
    await new Promise((done) => setTimeout(done, 20));
  }
}

const openedOn = (name: string, folder: string) =>
  OpenPage.of({ config: ownConfig(name), overrides: [`paths.runs=${folder}`] });

browserTest(
  "studio page: a neuron of a graph is found by the pointer, and a weight of it acts in the engine",
  async () => {
    using folder = temporary();
    await using opened = await openedOn("neuron_graph", folder.path);
    const page = await opened.page(), { open } = opened, about = await open.ask("about", {});
    const stage = about.network.stages.findIndex(({ name }) => name === "encoder.0.neurons"), unit = 137;
    assert(about.network.stages[stage]!.parts!.length > unit);
    const position = middle((await drawn(page, about))[stage]!, unit), canvas = page.locator("canvas.network");
    await canvas.hover({ position });
    const answer = await open.ask("unit", { stage, unit, most: 12 });
    await page.locator(".tip", { hasText: "unit 137 of 504" }).waitFor();
    await page.locator(".tip", { hasText: `${answer.into_total} weights in` }).waitFor();
    await canvas.click({ position });
    await page.getByRole("tab", { name: "Chosen (1)", selected: true }).waitFor();
    const { tensor, at, stage: from, unit: source } = listed(answer.into, unit, "into")[0]!;
    const name = `from ${about.network.stages[from!]!.name} ${source}`;
    const field = page.getByLabel(`${name} as a number`, { exact: true });
    const latent = async () => (await open.ask("row", { of: { row: 0 } })).latent, before = await latent();
    await field.fill("0.625");
    await field.press("Enter");
    const weight = async () => (await open.ask("weight", { tensor, at })).value;
    await until(async () => await weight() === 0.625);
    assertNotEquals(await latent(), before, "the network computes with the new weight");
    assertEquals(at.length, 1, "the weight is that of a connection of the list");
    assertEquals(opened.wrong, []);
  },
);

browserTest(
  "studio page: a connection of a graph that is clicked says what it connects, and its weight acts in the engine",
  async () => {
    using folder = temporary();
    await using opened = await openedOn("neuron_graph", folder.path);
    const page = await opened.page(), { open } = opened, about = await open.ask("about", {});
    const { stages, links } = about.network;
    const places = await drawn(page, about), stage = stages.findIndex(({ name }) => name === "encoder.0.neurons");
    const [graph, latent] = [places[stage]!, places[stage + 1]!], canvas = page.locator("canvas.network");
    const chosen = page.locator(".items h3");
    // Between the graph and its outputs: somewhere there lies a connection.
    const x = (graph.x + graph.width + latent.x) / 2;
    for (let y = latent.y; y < latent.y + latent.height && await chosen.count() === 0; y += 3) {
      await canvas.click({ position: { x, y } });
    }
    const [, tensor, number] = /^([\w.]+)\[(\d+)\]$/.exec((await chosen.textContent())!)!, at = [Number(number)];
    const { ends } = await open.ask("weight", { tensor: tensor!, at });
    const link = links.find(({ from, to }) => from === ends![0].stage && to === ends![1].stage);
    assertEquals(link?.tensor, tensor);
    await page.getByText(ends!.map(({ stage, unit }) => `${stages[stage]!.name} ${unit}`).join(" → ")).waitFor();
    const field = page.getByLabel(`weight [${number}] as a number`);
    await field.fill("-1.25");
    await field.press("Enter");
    await until(async () => (await open.ask("weight", { tensor: tensor!, at })).value === -1.25);
    // The neuron at its end has it as well.
    const { into } = await open.ask("unit", { ...ends![1], most: 1000 });
    const weight = listed(into, ends![1].unit, "into").find((weight) => weight.at[0] === at[0]);
    assertEquals(weight?.value, -1.25);
    assertEquals(opened.wrong, []);
  },
);

browserTest("studio page: layers of neurons are images, whose neurons keys reach", async () => {
  using folder = temporary();
  await using opened = await openedOn("neuron_layers", folder.path);
  const page = await opened.page(), { open } = opened, about = await open.ask("about", {});
  const places = await drawn(page, about),
    stage = about.network.stages.findIndex(({ name }) => name === "encoder.0.layer2");
  const { maps, columns, rows } = places[stage]!;
  assertEquals([maps, columns, rows], [4, 8, 8]);
  const row = places[0]!;
  assertEquals(
    [row.maps, row.columns, row.rows, row.trace],
    [1, 8, 8, false],
    "a row of height and width is one image",
  );
  await page.locator("canvas.network").focus();
  for (const key of ["ArrowRight", "PageDown", "PageDown", "Home", "ArrowDown", "Enter"]) {
    await page.keyboard.press(key);
  }
  await page.getByRole("heading", { name: "encoder.0.layer2, unit 8" }).waitFor();
  const { into_total } = await open.ask("unit", { stage, unit: 8, most: 1 });
  await page.getByText(`the 12 strongest of ${into_total}`).waitFor();
  assertEquals(opened.wrong, []);
});

browserTest("studio page: a graph is drawn in every tab, by values and by parts, without an error", async () => {
  using folder = temporary();
  await using opened = await openedOn("neuron_graph", folder.path);
  await opened.open.steps(5);
  for (const tab of ["row", "sheet", "latent", "map", "chosen", "journal"]) {
    const page = await opened.page({ hash: `#tab=${tab}`, width: tab === "map" ? 390 : 1400 });
    const byPart = page.getByLabel("graphs in the colours of their parts");
    await byPart.check();
    await page.waitForURL(/parts=1/);
    await page.reload();
    await page.getByText("strongest connections are drawn").waitFor();
    assert(await byPart.isChecked());
    await page.close();
  }
  assertEquals(opened.wrong, []);
});
