/** Types of the protocol, as the page uses them. */
import type { About, Asks } from "../protocol.ts";

export type {
  About,
  Bundle,
  EpochPoint,
  Link,
  Numbers,
  OwnNumber,
  RowName,
  Source,
  Stage,
  State,
  Tells,
} from "../protocol.ts";
export type NoiseKey = About["network"]["noise"][number]["key"];
export type Edit = Asks["command"]["answer"];
export type Command = Asks["command"]["asks"]["command"];
export type Row = Asks["row"]["answer"];
export type Unit = Asks["unit"]["answer"];
export type Strongest = Asks["strongest"]["answer"];
export type LatentMap = Asks["map"]["answer"];
