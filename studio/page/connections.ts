/** The strongest connections of each pair of layers, asked for again when weights change. */
import type { Drawn } from "./picking.ts";
import type { Store } from "./store.ts";
import { countText } from "./numbers.ts";
import type { Bundle, Link, Stage, Strongest, Unit } from "./types.ts";

/** Links that are asked about at once. */
const AT_ONCE = 16;

/** Whether the neurons would lie over the connections: those within a grid. The pointer over one of its neurons shows them. */
const isCovered = ({ from, to }: Link, stages: readonly Stage[]): boolean =>
  from === to && stages[from]!.parts === null;

export class Connections {
  readonly #found = new Map<number, Drawn>();

  /** @param changed called with what is to be drawn */
  constructor(readonly store: Store, readonly changed: (drawn: readonly Drawn[]) => void) {
    store.on("weights", () => this.refresh());
  }

  /** Asks for them again when there is time. */
  refresh(): void {
    this.store.pace.want("connections", () => this.#ask());
  }

  /** Forgets what was found, as of another network. */
  clear(): void {
    this.#found.clear();
    this.changed([]);
  }

  /** The network may be replaced, or the connection be lost, meanwhile: both lead to another question. */
  async #ask(): Promise<void> {
    const { about } = this.store, { links } = about.network, { strongest } = this.store.view.shown;
    const drawn = [...links.keys()].filter((link) => !isCovered(links[link]!, about.network.stages));
    const most = Math.floor(strongest / Math.max(1, drawn.length));
    const answers: Strongest[] = [];
    for (let first = 0; most > 0 && first < drawn.length; first += AT_ONCE) {
      const some = drawn.slice(first, first + AT_ONCE);
      answers.push(
        ...await Promise.all(some.map((link) => this.store.connection.ask("strongest", { link, most }))),
      );
    }
    if (about !== this.store.about) return;
    this.#found.clear();
    for (const [i, weights] of answers.entries()) this.#found.set(drawn[i]!, { ...links[drawn[i]!]!, weights });
    this.changed(this.drawn);
  }

  get drawn(): readonly Drawn[] {
    return [...this.#found.values()];
  }

  /** How many connections are drawn, and how many are not. */
  text(): string {
    const shown = this.drawn.reduce((sum, { weights }) => sum + weights.from.length, 0);
    const total = this.store.about.network.links.reduce((sum, link) => sum + link.total, 0);
    if (total === 0) return "No single weights connect these layers.";
    const hidden = total - shown;
    return `The ${countText(shown)} strongest connections are drawn; ${countText(hidden)} ${
      hidden === 1 ? "is" : "are"
    } hidden.`;
  }
}

/** The connections of one neuron, as they are drawn. */
export function connectionsOf(stage: number, unit: number, { into, out }: Unit): Drawn[] {
  const drawn = (isOut: boolean) => ({ stage: other, units, values, connections }: Bundle): Drawn => {
    const own = new Uint32Array(units.length).fill(unit);
    const [from, to] = isOut ? [own, units] : [units, own];
    return {
      ...isOut ? { from: stage, to: other } : { from: other, to: stage },
      weights: { from, to, weight: values, connection: connections, total: units.length },
    };
  };
  return [...into.map(drawn(false)), ...out.map(drawn(true))];
}
