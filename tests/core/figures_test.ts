/** Numbers as they are printed: one format for each kind of quantity. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { showFlow } from "../../core/config/show.ts";
import { bytesText, countText, percentText, rateText, settingText } from "../../core/figures.ts";
import { filesUnder, ROOT } from "../arch/tree.ts";
import { setting } from "../../reports/format.ts";

Deno.test("figures: counts, settings, rates, shares and bytes", () => {
  assertEquals([0, 999, 1000, 47192, 1e6, 12.6].map(countText), ["0", "999", "1,000", "47,192", "1,000,000", "13"]);
  const settings = [0.001, 3e-4, 1e-4, 3e-5, 0, 1.5, -2e-7, 1e6];
  assertEquals(settings.map(settingText), ["0.001", "0.0003", "0.0001", "3e-5", "0", "1.5", "-2e-7", "1000000"]);
  assertEquals([NaN, Infinity, -Infinity].map(settingText), [".nan", ".inf", "-.inf"]);
  assertEquals([0.00123456, 3e-4, 1.23456e-5].map(rateText), ["0.00123", "0.0003", "1.23e-5"]);
  assertEquals([0, 1, 0.6423, 0.05, 1e-7].map(percentText), ["0.00 %", "100 %", "64.2 %", "5.00 %", "< 0.001 %"]);
  const sizes = [0, 999, 1000, 1234, 12.34e6, 999.6e6, 1.236e9, 4e15];
  assertEquals(sizes.map(bytesText), [
    "0 B",
    "999 B",
    "1.00 kB",
    "1.23 kB",
    "12.3 MB",
    "1.00 GB",
    "1.24 GB",
    "4,000 TB",
  ]);
});

Deno.test("figures: a rate is the same text in a message, in a line of settings and in the report", () => {
  for (const rate of [0.01, 3e-4, 1e-4, 5e-5]) {
    assertEquals([showFlow(rate), rateText(rate), setting(rate)], [
      settingText(rate),
      settingText(rate),
      settingText(rate),
    ]);
  }
});

Deno.test("figures: no other module of the program groups digits or rounds a share by itself", () => {
  const own = /toLocaleString\(|toPrecision\(\d\)\} %|\/ 1e[69]\)\.to/;
  const others = ["core", "cli", "reports"].flatMap((folder) => filesUnder(folder, [".ts"]))
    .filter((path) => path !== "core/figures.ts" && own.test(Deno.readTextFileSync(join(ROOT, path))));
  assertEquals(others, []);
});
