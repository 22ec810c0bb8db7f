/** The page's controls, asserted in the run folder's journal and in the engine's weights. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Page } from "playwright-core";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { type Edit, readJournal } from "../../../core/steer/journal.ts";
import { temporary } from "../../helpers/cli.ts";
import { ownConfig, smallConfig } from "../../helpers/studio.ts";
import { browserTest, OpenPage } from "../../helpers/studio_page.ts";

await ensureEngine({ quiet: true });

/** Commands of the journal but for the pause with which training begins, once there are as many. */
async function journal(run: string, count: number): Promise<Edit[]> {
  for (const end = Date.now() + 20_000;;) {
    const edits = (await readJournal(join(run, "edits.jsonl"))).slice(1);
    if (edits.length >= count || Date.now() > end) return edits;
    await new Promise((done) => setTimeout(done, 20));
  }
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const phase = (page: Page, name: string) => page.locator(".badge", { hasText: name }).waitFor();

/** Types a number into a field as a person does. */
async function type(page: Page, label: string, value: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(value);
  await field.press("Enter");
}

browserTest("studio page: each control is a command of the journal, and undo takes back what it says", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const page = await opened.page(), { run } = opened.open;
  await button(page, "Step").click();
  await page.locator(".where", { hasText: "step 1 " }).waitFor();
  await type(page, "Learning rate as a number", "0.0123");
  await type(page, "Batch size as a number", "24");
  await page.getByText("Freeze layers").click();
  await page.getByLabel("decoder.0", { exact: true }).check();
  await page.getByText("Other settings").click();
  await page.getByLabel("Setting", { exact: true }).selectOption("data.mask_rate");
  await page.getByLabel("Value of the setting").fill("0.25");
  await button(page, "Set").click();
  await journal(run, 5);
  await button(page, "Save").click();
  const commands = (await journal(run, 6)).map(({ command }) => command);
  assertEquals(commands, [
    { do: "continue", steps: 1 },
    { do: "set", key: "optimizer.learning_rate", value: 0.0123 },
    { do: "set", key: "data.batch_size", value: 24 },
    { do: "freeze", layer: "decoder.0", frozen: true },
    { do: "set", key: "data.mask_rate", value: 0.25 },
    { do: "save" },
  ]);
  await button(page, "Undo").click();
  assertEquals((await journal(run, 7)).at(-1)!.command, { do: "set", key: "data.mask_rate", value: 0 });
  await button(page, "Undo").click();
  await page.getByLabel("decoder.0", { exact: true }).and(page.locator(":not(:checked)")).waitFor();
  assertEquals((await journal(run, 8)).at(-1)!.command, { do: "freeze", layer: "decoder.0", frozen: false });
  const { learning_rate, next_batch_size, frozen } = await opened.open.studio.state();
  assertEquals([learning_rate, next_batch_size, frozen], [0.0123, 24, []]);
  assertEquals(opened.wrong, []);
});

browserTest("studio page: how much noise layers make has a slider each, which acts in the engine", async () => {
  using folder = temporary();
  const encoder = [{ linear: 8 }, { residual: ["relu", { dropout: 0.2 }] }, { linear: 3 }];
  const config = smallConfig(folder.path, { model: { start: "random", encoder, decoder: [{ linear: "output" }] } });
  await using opened = await OpenPage.of({ config });
  const page = await opened.page(), { run } = opened.open, key = "model.encoder.1.layers.1.dropout";
  const slider = page.getByLabel("Dropout of encoder.1.layers.1", { exact: true });
  assertEquals(await slider.inputValue(), "0.2");
  await slider.press("ArrowRight");
  assertEquals((await journal(run, 1)).at(-1)!.command, { do: "set", key, value: 0.21 });
  await type(page, "dropout of encoder.1.layers.1 as a number", "0.75");
  assertEquals((await journal(run, 2)).at(-1)!.command, { do: "set", key, value: 0.75 });
  assertEquals((await opened.open.studio.state()).noise, [0.75]);
  await type(page, "dropout of encoder.1.layers.1 as a number", "1");
  await page.getByText("must be in [0, 1), got 1").first().waitFor();
  await button(page, "Undo").click();
  await journal(run, 3);
  assertEquals((await opened.open.studio.state()).noise, [0.21]);
  assertEquals(opened.wrong, []);
});

browserTest("studio page: start, pause, stop and reset do what they say", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: { ...smallConfig(folder.path), training: { epochs: 100_000 } } });
  const page = await opened.page(), before = opened.open.run;
  await button(page, "Start").click();
  await phase(page, "training");
  await opened.open.until(({ step }) => step > 20);
  await button(page, "Pause").click();
  await phase(page, "paused");
  const { step } = await opened.open.studio.state();
  await new Promise((done) => setTimeout(done, 300));
  assertEquals((await opened.open.studio.state()).step, step);
  await page.locator(".where b", { hasText: step.toLocaleString("en") }).first().waitFor();
  await button(page, "Stop").click();
  await phase(page, "ended");
  assertEquals((await readJournal(join(before, "edits.jsonl"))).at(-1)!.command, { do: "stop" });
  assert(await button(page, "Start").isDisabled());
  await button(page, "Reset").click();
  await phase(page, "paused");
  await page.locator(".where", { hasText: "step 0 " }).waitFor();
  assert(opened.open.run !== before);
  assertEquals(opened.wrong, []);
});

browserTest("studio page: sliders move by keys; the learning rate's is exponential", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const page = await opened.page();
  const rate = async () => (await opened.open.studio.state()).learning_rate, before = await rate();
  await page.getByLabel("Learning rate", { exact: true }).press("ArrowRight");
  await journal(opened.open.run, 1);
  // One step of the slider is a twentieth of a power of ten; values are rounded to three digits and begin on the slider's grid.
  assertAlmostEquals(Math.log10(await rate() / before), 0.05, 0.03);
  await page.getByLabel("Batch size", { exact: true }).press("ArrowRight");
  assertEquals((await journal(opened.open.run, 2)).at(-1)!.command, { do: "set", key: "data.batch_size", value: 32 });
});

browserTest(
  "studio page: by keys alone a neuron is found, chosen and edited; an edit is undone, and the saved value put back",
  async () => {
    using folder = temporary();
    await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
    const page = await opened.page(), { open } = opened;
    const bias = async () => (await open.ask("weight", { tensor: "encoder.0.bias", at: [2] })).value;
    // A checkpoint is there from the first step on.
    await button(page, "Step").press("Enter");
    await page.locator(".where", { hasText: "step 1 " }).waitFor();
    await button(page, "Save").press("Enter");
    const saved = await bias();
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement?.matches("canvas.network"))) break;
    }
    assert(await page.evaluate(() => document.activeElement!.matches("canvas.network:focus-visible")));
    for (const key of ["ArrowRight", "PageDown", "Home", "ArrowDown", "ArrowDown"]) await page.keyboard.press(key);
    await page.locator("[role=status]", { hasText: "encoder.0, unit 2 of 8, value" }).waitFor({ state: "attached" });
    await page.keyboard.press("Enter");
    await page.getByRole("tab", { name: "Chosen (1)", selected: true }).waitFor();
    const field = page.getByLabel("bias as a number");
    await field.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("0.3000001");
    await page.keyboard.press("Enter");
    const edit = (await journal(open.run, 3)).at(-1)!;
    assertEquals(edit.command, { do: "write", tensor: "encoder.0.bias", at: [2], value: 0.3000001 });
    assertEquals(await bias(), Math.fround(0.3000001));
    await field.focus();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.type("0.4");
    await page.keyboard.press("Enter");
    assertEquals((await journal(open.run, 4)).length, 4);
    await page.getByRole("button", { name: "Undo the last edit" }).press("Enter");
    assertEquals((await journal(open.run, 5)).length, 5);
    assertEquals(await bias(), Math.fround(0.3000001));
    await page.getByRole("button", { name: "Back to saved: bias" }).press("Enter");
    assertEquals((await journal(open.run, 6)).length, 6);
    assertEquals(await bias(), saved);
    assertEquals(opened.wrong, []);
  },
);

browserTest("studio page: a connection that is clicked can be given a weight", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const page = await opened.page(), { open } = opened;
  const { links } = (await open.ask("about", {})).network;
  const canvas = page.locator("canvas.network"), box = (await canvas.boundingBox())!;
  // Between input and first layer, and between the layers: somewhere there lies a connection.
  const chosen = page.locator(".items h3");
  for (let y = 0.3; y < 0.7 && await chosen.count() === 0; y += 0.005) {
    await canvas.click({ position: { x: box.width * 0.2, y: box.height * y } });
  }
  const name = (await chosen.textContent())!, [, tensor, at] = /^([\w.]+)\[(\d+, \d+)\]$/.exec(name)!;
  assert(links.some((link) => link.tensor === tensor), name);
  const place = at!.split(", ").map(Number);
  const before = (await open.ask("weight", { tensor: tensor!, at: place })).value;
  const field = page.getByLabel(`weight [${at}] as a number`);
  assertAlmostEquals(Number(await field.inputValue()), before, 1e-6);
  await field.fill("-1.5");
  await field.press("Enter");
  await journal(open.run, 1);
  assertEquals((await open.ask("weight", { tensor: tensor!, at: place })).value, -1.5);
  await field.fill("");
  await field.press("Enter");
  assertEquals(await field.inputValue(), "-1.5", "what is no number is replaced by the present value");
  assertEquals((await journal(open.run, 1)).length, 1);
  assertEquals(opened.wrong, []);
});

browserTest("studio page: the filter of a convolution can be given weights", async () => {
  using folder = temporary();
  const overrides = [`paths.runs=${folder.path}`];
  await using opened = await OpenPage.of({ config: ownConfig("digits_conv2d"), overrides });
  // A neuron of the second map, of which each has 8 x 8.
  const page = await opened.page({ hash: "#tab=chosen&item=encoder.0:70" }), { open } = opened;
  const field = page.getByLabel("weight [1, 0, 2, 0] as a number");
  const weight = async () => (await open.ask("weight", { tensor: "encoder.0.weight", at: [1, 0, 2, 0] })).value;
  await field.waitFor();
  assertEquals(Math.fround(Number(await field.inputValue())), await weight());
  await field.fill("0.75");
  await field.press("Enter");
  await journal(open.run, 1);
  assertEquals(await weight(), 0.75);
  assertEquals(opened.wrong, []);
});
