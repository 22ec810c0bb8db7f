/** The studio's page in an installed Chromium, on a studio of this process. */
import { type Browser, chromium, type Page } from "playwright-core";
import { installedChromium } from "../../scripts/check_accessibility.ts";
import { serveStudio, type StudioServer } from "../../studio/server/serve.ts";
import { type Open, type OpenOptions, openStudio } from "./studio.ts";

const PROGRAM = installedChromium();

/** For tests that need a browser: without one they are left out, and their names say why. */
export const browserTest = (name: string, fn: () => Promise<void>): void =>
  Deno.test({
    name: PROGRAM === null ? `${name} (left out: no Chromium is installed)` : name,
    ignore: PROGRAM === null,
    // The browser's process and pipes belong to playwright, which ends them a little after close().
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });

const SOFTWARE = ["--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader"];
const WAIT_MS = 60_000;

export interface Screen {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  readonly hash?: string;
}

export class OpenPage implements AsyncDisposable {
  /** What went wrong in pages: errors that nothing caught, and what the policy refused. */
  readonly wrong: string[] = [];

  private constructor(readonly open: Open, readonly server: StudioServer, readonly browser: Browser) {}

  static async of(options: OpenOptions): Promise<OpenPage> {
    const open = await openStudio(options);
    const server = serveStudio(open.studio, 0);
    return new OpenPage(open, server, await chromium.launch({ executablePath: PROGRAM!, args: SOFTWARE }));
  }

  /** A page that has drawn its network. */
  async page({ scheme = "light", width = 1400, height = 900, hash = "" }: Screen = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width, height }, colorScheme: scheme });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    page.on("pageerror", (error) => this.wrong.push(error.message));
    page.on("console", (message) => message.type() === "error" && this.wrong.push(message.text()));
    await page.goto(`${this.server.url}${hash}`);
    await page.getByText("strongest connections are drawn").waitFor();
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    await this.server[Symbol.asyncDispose]();
    await this.open[Symbol.asyncDispose]();
  }
}
