/**
 * Reads R's `.rda` files (gzip, XDR, versions 2 and 3) as far as plain data goes: vectors, lists, factors, matrices and
 * data frames. Source of the layout: R Internals, section "Serialization Formats".
 */

export type RVector =
  | Float64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | readonly (string | null)[]
  | readonly RValue[];

export interface RValue {
  readonly values: RVector | null;
  readonly attributes: ReadonlyMap<string, RValue>;
}

const enum Type {
  Symbol = 1,
  List = 2,
  Char = 9,
  Logical = 10,
  Integer = 13,
  Real = 14,
  String = 16,
  Vector = 19,
  AltRep = 238,
  GlobalEnvironment = 253,
  Null = 254,
  Reference = 255,
}

const NONE: RValue = { values: null, attributes: new Map() };

class Reader {
  #view: DataView;
  #at = 0;
  #references: string[] = [];

  constructor(readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The variables of the file by name. */
  file(): Map<string, RValue> {
    const magic = this.text(7);
    if (!/^RDX[23]\nX\n$/.test(magic)) throw new Error(`not an XDR .rda file: it starts with ${JSON.stringify(magic)}`);
    const version = this.int();
    this.int(); // R that wrote it
    this.int(); // oldest R that reads it
    if (version === 3) this.text(this.int()); // native encoding
    return this.pairs(this.int());
  }

  private int(): number {
    this.#at += 4;
    return this.#view.getInt32(this.#at - 4);
  }

  private text(bytes: number): string {
    this.#at += bytes;
    return new TextDecoder().decode(this.bytes.subarray(this.#at - bytes, this.#at));
  }

  /** A pairlist: cells of (attributes?, tag, value) up to the null value. */
  private pairs(flags: number): Map<string, RValue> {
    const found = new Map<string, RValue>();
    for (; (flags & 0xff) === Type.List; flags = this.int()) {
      if (flags & 0x200) this.item(this.int());
      const tag = flags & 0x400 ? this.symbol(this.int()) : String(found.size);
      found.set(tag, this.item(this.int()));
    }
    if ((flags & 0xff) !== Type.Null) throw new Error(`a pairlist ends in type ${flags & 0xff}`);
    return found;
  }

  private symbol(flags: number): string {
    if ((flags & 0xff) === Type.Reference) return this.#references[((flags >> 8) || this.int()) - 1]!;
    const name = this.char(this.int());
    this.#references.push(name ?? "");
    return name ?? "";
  }

  private char(flags: number): string | null {
    if ((flags & 0xff) !== Type.Char) throw new Error(`a string was expected, not type ${flags & 0xff}`);
    const bytes = this.int();
    return bytes < 0 ? null : this.text(bytes);
  }

  private item(flags: number): RValue {
    const type = flags & 0xff;
    const values = this.values(type, flags);
    if (values === null) return NONE;
    const hasAttributes = flags & 0x200 && type !== Type.Char;
    return { values, attributes: hasAttributes ? this.pairs(this.int()) : new Map() };
  }

  private values(type: number, flags: number): RVector | null {
    switch (type) {
      case Type.Null:
      case Type.GlobalEnvironment:
        return null;
      case Type.Symbol:
      case Type.Reference:
        return [this.symbol(flags)];
      case Type.List:
        return [...this.pairs(flags).values()];
      case Type.Char:
        return [this.char(flags)];
      case Type.Logical:
      case Type.Integer:
        return Int32Array.from({ length: this.int() }, () => this.int());
      case Type.Real: {
        const values = new Float64Array(this.int());
        for (let i = 0; i < values.length; i++) values[i] = this.#view.getFloat64(this.#at + 8 * i);
        this.#at += 8 * values.length;
        return values;
      }
      case Type.String:
        return Array.from({ length: this.int() }, () => this.char(this.int()));
      case Type.Vector:
        return Array.from({ length: this.int() }, () => this.item(this.int()));
      default:
        throw new Error(`R type ${type} is not plain data`);
    }
  }
}

/** The variables of an `.rda` file by name. */
export async function readRData(path: string): Promise<Map<string, RValue>> {
  const file = await Deno.open(path);
  const plain = file.readable.pipeThrough(new DecompressionStream("gzip"));
  return new Reader(new Uint8Array(await new Response(plain).arrayBuffer())).file();
}

/** A string vector, or a factor's labels. */
export function strings(value: RValue | undefined): string[] {
  const levels = value?.attributes.get("levels");
  if (value?.values instanceof Int32Array && levels) {
    const names = strings(levels);
    return Array.from(value.values, (code) => names[code - 1]!);
  }
  if (!Array.isArray(value?.values)) throw new Error("a vector of strings was expected");
  return value.values.map((text) => {
    if (typeof text !== "string") throw new Error("a string is missing");
    return text;
  });
}

/** A column of a data frame. */
export function column(frame: RValue | undefined, name: string): RValue {
  const at = strings(frame?.attributes.get("names")).indexOf(name);
  const found = Array.isArray(frame?.values) ? frame.values[at] : undefined;
  if (!found || typeof found === "string") throw new Error(`the data frame has no column ${name}`);
  return found;
}
