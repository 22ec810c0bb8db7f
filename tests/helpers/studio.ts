/** A studio in this process, with small data, and a listener that keeps what it is told. */
import { join } from "@std/path";
import { Studio } from "../../studio/studio.ts";
import type { Listener, Opening } from "../../studio/studio.ts";
import type { AskName, Asks, State, Tells } from "../../studio/protocol.ts";
import { parseAsk } from "../../studio/session/ask.ts";
import { openingOf } from "../../studio/session/opening.ts";
import { ROOT } from "./cli.ts";

export { COLUMNS, lastWeights, ROWS, smallConfig } from "./table_run.ts";

/** A config of this repository, with runs in the folder. */
export const ownConfig = (name: string) => join(ROOT, "configs", `${name}.yaml`);

export class Kept implements Listener {
  readonly all: { readonly kind: keyof Tells; readonly value: unknown }[] = [];

  tell<K extends keyof Tells>(kind: K, value: Tells[K]): void {
    this.all.push({ kind, value });
  }

  of<K extends keyof Tells>(kind: K): Tells[K][] {
    return this.all.filter((told) => told.kind === kind).map(({ value }) => value as Tells[K]);
  }
}

export class Open implements AsyncDisposable {
  readonly told = new Kept();

  constructor(readonly studio: Studio) {
    studio.add(this.told);
  }

  async ask<N extends AskName>(name: N, asks: Asks[N]["asks"]): Promise<Asks[N]["answer"]> {
    return await this.studio.answer(parseAsk({ id: 1, ask: name, ...asks }), this.told) as Asks[N]["answer"];
  }

  command(command: Asks["command"]["asks"]["command"]) {
    return this.ask("command", { command });
  }

  /** Makes some steps, and waits until training stands still again. */
  async steps(steps: number): Promise<State> {
    const { step } = await this.studio.state();
    await this.command({ do: "continue", steps });
    return await this.until((state) => state.step >= step + steps && state.phase === "paused");
  }

  async until(isThere: (state: State) => boolean): Promise<State> {
    const begun = performance.now();
    for (;;) {
      const state = await this.studio.state();
      if (isThere(state)) return state;
      if (performance.now() - begun > 60_000) throw new Error(`waited for a minute: ${JSON.stringify(state)}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }

  get run(): string {
    return this.studio.training.path;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.studio[Symbol.asyncDispose]();
  }
}

export interface OpenOptions {
  readonly config?: string | Record<string, unknown>;
  readonly run?: string;
  readonly overrides?: readonly string[];
  readonly more?: Partial<Opening>;
}

export async function openStudio({ config, run, overrides = [], more = {} }: OpenOptions): Promise<Open> {
  const opening = await openingOf(run, { config, overrides });
  return new Open(await Studio.open({ ...opening, signals: false, ...more }));
}
