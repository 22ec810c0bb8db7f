/**
 * Checks HTML pages with axe-core in an installed Chromium, in light and dark and on a wide and a narrow screen:
 *
 *     deno run -A scripts/check_accessibility.ts runs/RUN/report.html ...
 *
 * Prints what it finds, and ends with status 1 where anything is serious or critical. It also finds pages that are wider than a
 * narrow screen. Pages have no scripts, and axe-core is given to the browser beside the page's own policy.
 */
import axe from "axe-core";
import { resolve, toFileUrl } from "@std/path";
import { type Browser, chromium } from "playwright-core";
import { findProgram } from "../core/build/programs.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const SCREENS = [
  { scheme: "light", width: 1400 },
  { scheme: "dark", width: 1400 },
  { scheme: "light", width: 390 },
  { scheme: "dark", width: 390 },
] as const;
const GRAVE = new Set(["serious", "critical"]);

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly target: readonly unknown[] }[];
}

/** The path of an installed Chromium; null where there is none. */
export function installedChromium(): string | null {
  return findProgram(NAMES);
}

/** @returns lines about what is wrong with a page, and whether any of it is grave */
export async function checkPage(browser: Browser, file: string): Promise<{ lines: string[]; isGrave: boolean }> {
  const lines: string[] = [];
  let isGrave = false;
  for (const { scheme, width } of SCREENS) {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: scheme,
      bypassCSP: true,
    });
    const page = await context.newPage();
    await page.goto(toFileUrl(resolve(file)).href);
    const at = `${file}, ${scheme}, ${width} px`;
    const over = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth);
    if (over > 0) {
      lines.push(`${at}: the page is ${over} px wider than the screen`);
      isGrave = true;
    }
    // What is folded away is checked too.
    await page.evaluate(() => document.querySelectorAll("details").forEach((each) => each.open = true));
    await page.evaluate(axe.source);
    const violations = await page.evaluate("axe.run().then((result) => result.violations)") as Finding[];
    for (const { id, impact, help, nodes } of violations) {
      isGrave ||= GRAVE.has(impact ?? "");
      lines.push(
        `${at}: ${impact}: ${id}: ${help} (${nodes.length}): ${
          nodes.slice(0, 3).map((n) => n.target.join(" ")).join("; ")
        }`,
      );
    }
    await context.close();
  }
  return { lines, isGrave };
}

/** A browser, which the caller closes. */
export function openChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}

if (import.meta.main) {
  const program = installedChromium();
  if (program === null) throw new Error(`there is no ${NAMES.join(", ")} on the PATH`);
  const browser = await openChromium(program);
  let failed = false;
  for (const file of Deno.args) {
    const { lines, isGrave } = await checkPage(browser, file);
    for (const line of lines.length > 0 ? lines : [`${file}: nothing found`]) console.log(line);
    failed ||= isGrave;
  }
  await browser.close();
  Deno.exit(failed ? 1 : 0);
}
