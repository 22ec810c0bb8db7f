/** What a kind of layer is in other programs. */
import type { Translation } from "../onnx/graph.ts";
import type { Call } from "../torch/python.ts";

export interface ExportedKind {
  /** Its nodes in ONNX, as it is in evaluation. */
  readonly onnx: Translation;
  /** The call in Python that makes its torch module. */
  readonly torch: Call;
}

export type Exports = Readonly<Record<string, ExportedKind>>;
