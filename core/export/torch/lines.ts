/** Layers one after the other as lines of Python. */
import { exportOf } from "../layers/list.ts";
import type { NetworkLayer } from "../network.ts";
import type { Writer } from "./python.ts";

/** The layers of a list as items of a list in Python, a line each or more. */
export function lines(writer: Writer, layers: readonly NetworkLayer[]): string[] {
  return layers.flatMap((layer) => {
    const all = exportOf(layer.kind)!.torch(writer, layer, () => lines(writer, layer.inner)).split("\n");
    const [, code, comment = ""] = /^(.*?)( {2}#.*)?$/.exec(all.at(-1)!)!;
    return [...all.slice(0, -1), `${code},${comment}`];
  });
}
