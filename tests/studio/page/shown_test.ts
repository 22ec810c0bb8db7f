/** What the page shows: the same after a reload, in two pages, after a lost connection; rows, files, accessibility. */
import axe from "axe-core";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { WebSocketRoute } from "playwright-core";
import { ensureEngine } from "../../../core/build/ensure.ts";
import { temporary } from "../../helpers/cli.ts";
import { npy } from "../../helpers/npz.ts";
import { COLUMNS, ownConfig, smallConfig } from "../../helpers/studio.ts";
import { browserTest, OpenPage } from "../../helpers/studio_page.ts";

await ensureEngine({ quiet: true });

const TABS = ["Row", "Sheet", "Latent", "Map", "Chosen (1)", "Journal"];

browserTest("studio page: two pages see the same, and a reload keeps what was chosen", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const first = await opened.page({ hash: "#row=5&tab=chosen&item=encoder.0:1" }), second = await opened.page();
  await first.getByLabel("Learning rate as a number").fill("0.02");
  await first.getByLabel("Learning rate as a number").press("Enter");
  await first.getByRole("button", { name: "Step", exact: true }).click();
  await second.locator(".where", { hasText: "step 1 " }).waitFor();
  await second.waitForFunction(() => [...document.querySelectorAll("input")].some(({ value }) => value === "0.02"));
  await second.getByRole("tab", { name: "Journal" }).click();
  await second.getByText("optimizer.learning_rate = 0.02").waitFor();
  await first.reload();
  await first.getByRole("tab", { name: "Chosen (1)", selected: true }).waitFor();
  await first.getByText("encoder.0, unit 1").first().waitFor();
  await first.locator(".where", { hasText: "step 1 " }).waitFor();
  assertEquals(await first.getByLabel("Learning rate as a number").inputValue(), "0.02");
  await first.getByRole("tab", { name: "Row" }).click();
  assertEquals(await first.getByRole("spinbutton", { name: "Row", exact: true }).inputValue(), "5");
  assertEquals(opened.wrong, []);
});

browserTest("studio page: after a lost connection it goes on with what has happened meanwhile", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const context = await opened.browser.newContext(), page = await context.newPage();
  const routes: WebSocketRoute[] = [];
  await page.routeWebSocket(/socket$/, (route) => {
    routes.push(route);
    // The connection is lost, and comes back at the third attempt.
    if (routes.length === 2 || routes.length === 3) route.close();
    else route.connectToServer();
  });
  await page.goto(opened.server.url);
  await page.locator(".badge", { hasText: "paused" }).waitFor();
  await routes[0]!.close();
  await page.getByText("The studio does not answer").waitFor();
  await opened.open.steps(3);
  await page.locator(".where", { hasText: "step 3 " }).waitFor();
  await page.getByText("The studio does not answer").waitFor({ state: "hidden" });
  assertEquals(routes.length, 4);
});

browserTest(
  "studio page: a file that is dropped becomes rows that are not trained on; one that does not fit is refused in words",
  async () => {
    using folder = temporary();
    await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
    const page = await opened.page();
    const file = (columns: number, name: string) => {
      const values = Float32Array.from({ length: 3 * columns }, (_, i) => i / 10);
      Deno.writeFileSync(join(folder.path, name), npy("<f4", `3, ${columns}`, new Uint8Array(values.buffer)));
      return join(folder.path, name);
    };
    await page.locator("#file").setInputFiles(file(COLUMNS, "own.npy"));
    await page.getByText("of 3 in own.npy").waitFor();
    await page.getByRole("button", { name: "Next row" }).click();
    const row = await opened.open.ask("row", { of: { dropped: 1 } });
    await page.getByText(`MSE ${Number(row.mse.toPrecision(3))}`).waitFor();
    const { rows } = (await opened.open.ask("about", {})).data;
    assertEquals(rows.train + rows.validation + rows.test, 160);
    await page.locator("#file").setInputFiles(file(COLUMNS + 1, "wide.npy"));
    await page.locator(".message.warning", { hasText: "13" }).waitFor();
    await page.getByRole("button", { name: "Back to the data" }).click();
    await page.getByText("of 160 rows").waitFor();
  },
);

browserTest("studio page: an export is written, and its link gives the file", async () => {
  using folder = temporary();
  await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
  const page = await opened.page();
  await page.getByText("Export", { exact: true }).click();
  await page.getByLabel("Format").selectOption("safetensors");
  await page.getByRole("button", { name: "Write", exact: true }).click();
  const link = page.locator(".export a");
  await link.waitFor();
  const saving = page.waitForEvent("download");
  await link.click();
  const saved = await (await saving).path();
  assertEquals(Deno.readFileSync(saved), Deno.readFileSync((await link.getAttribute("title"))!));
});

browserTest(
  "studio page: hovering a neuron shows its value, and a slider of a latent unit its reconstruction",
  async () => {
    using folder = temporary();
    await using opened = await OpenPage.of({ config: smallConfig(folder.path) });
    const page = await opened.page({ hash: "#tab=latent" });
    const canvas = page.locator("canvas.network"), box = (await canvas.boundingBox())!;
    const tip = page.locator(".tip");
    for (let y = 0.3; y < 0.7 && !await tip.isVisible(); y += 0.01) {
      await canvas.hover({
        position: { x: box.width / 2, y: box.height * y },
      });
    }
    await tip.getByText("weights in").waitFor();
    await page.getByLabel("Latent unit 0", { exact: true }).press("ArrowRight");
    await page.locator(".reconstruction canvas").waitFor();
    await page.getByRole("button", { name: "Jacobian" }).click();
    await page.getByText("singular value").first().waitFor();
    await page.getByRole("tab", { name: "Map" }).click();
    await page.getByText("160 rows at step 0").waitFor();
    await page.locator("canvas.map").press("ArrowRight");
    await page.locator(".panel:not([hidden]) .reconstruction canvas").waitFor();
    await page.getByLabel("Line between rows").press("ArrowRight");
    const ends = [];
    for (const name of ["First row of the line", "Second row of the line"]) {
      const row = Number(await page.getByLabel(name).inputValue());
      ends.push((await opened.open.ask("row", { of: { row } })).latent[0]!);
    }
    const between = ends[0]! + 0.51 * (ends[1]! - ends[0]!);
    await page.getByRole("tab", { name: "Latent" }).click();
    const shown = page.getByLabel("Latent unit 0 as a number");
    for (let i = 0; i < 100 && Math.abs(Number(await shown.inputValue()) - between) > 1e-5; i++) {
      await page.waitForTimeout(50);
    }
    assertAlmostEquals(Number(await shown.inputValue()), between, 1e-5);
    assertEquals(opened.wrong, []);
  },
);

for (const scheme of ["light", "dark"] as const) {
  for (const [width, height] of [[1400, 900], [1280, 720], [390, 844]] as const) {
    browserTest(
      `studio page: axe-core finds nothing in any tab, ${scheme}, ${width} x ${height}, and nothing is wider than the screen`,
      async () => {
        using folder = temporary();
        // It begins as PCA, so that layers lie within layers, and one of them makes noise.
        const encoder = [{ linear: 8 }, "relu", { dropout: 0.1 }, { linear: 3 }];
        const model = { encoder, decoder: [{ linear: 8 }, "relu", { linear: "output" }] };
        await using opened = await OpenPage.of({ config: smallConfig(folder.path, { model }) });
        const page = await opened.page({ scheme, width, height, hash: "#item=encoder.0:1&item=encoder.1:0" });
        await page.evaluate(() => document.querySelectorAll("details").forEach((each) => each.open = true));
        // Given through the debugger, which the page's policy does not bind.
        await page.evaluate(axe.source);
        let looked = 0;
        for (const tab of TABS) {
          const name = tab.replace("(1)", "(2)");
          await page.getByRole("tab", { name, exact: true }).click();
          await page.waitForTimeout(300);
          const found = await page.evaluate(
            "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target.join(' ')).join('; ')))",
          );
          assertEquals(found, [], name);
          assertEquals(
            await page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - innerWidth)),
            0,
            name,
          );
          looked++;
        }
        assertEquals(looked, TABS.length);
      },
    );
  }
}

for (const name of ["pulse_echo", "quickstart", "digits_conv2d"]) {
  browserTest(`studio page: configs/${name}.yaml is drawn in every tab without an error`, async () => {
    using folder = temporary();
    await using opened = await OpenPage.of({ config: ownConfig(name), overrides: [`paths.runs=${folder.path}`] });
    const page = await opened.page({ hash: "#item=encoder.0:0" });
    for (const tab of TABS) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.waitForTimeout(800);
    }
    await page.getByRole("tab", { name: "Row", exact: true }).click();
    await page.getByText(/MSE \d/).waitFor();
    assert(await page.locator(".reconstruction canvas").count() > 0);
    const warning = page.locator(".message.warning");
    assertEquals(await warning.isVisible() ? await warning.textContent() : null, null);
    assertEquals(opened.wrong, []);
  });
}
