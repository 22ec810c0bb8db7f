/** What a user says about a source (`data.reader`), checked by the reader that uses it. */
import { nearest } from "../../config/nearest.ts";
import { UserError } from "../../errors.ts";
import type { ReaderOptions } from "./reader.ts";

/** Settings by name. What was asked for is known, so that `finish` can refuse every other name. */
export class Settings {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #known: string[] = [];

  /** @param about the format, for messages: "image" */
  constructor(options: ReaderOptions, readonly about: string) {
    this.#values = options.settings ?? {};
  }

  #take(name: string): unknown {
    this.#known.push(name);
    return Object.hasOwn(this.#values, name) ? this.#values[name] ?? undefined : undefined;
  }

  refuse(name: string, what: string, hint?: string): UserError {
    return new UserError(`data.reader.${name}`, what, hint);
  }

  /** A whole number in a range; undefined where it is not set. */
  whole(name: string, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value) || value < least || value > most) {
      const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
      throw this.refuse(name, `must be a whole number ${range}, got ${shown(value)}`);
    }
    return value;
  }

  /** A number above 0; undefined where it is not set. */
  positive(name: string): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !(value > 0 && value < Infinity)) {
      throw this.refuse(name, `must be a number above 0, got ${shown(value)}`);
    }
    return value;
  }

  /** A number above 0, or text; undefined where it is not set. */
  numberOrText(name: string): number | string | undefined {
    if (typeof this.#values[name] === "string") return this.text(name);
    return this.positive(name);
  }

  flag(name: string): boolean {
    const value = this.#take(name) ?? false;
    if (typeof value !== "boolean") throw this.refuse(name, `must be true or false, got ${shown(value)}`);
    return value;
  }

  text(name: string): string | undefined {
    const value = this.#take(name);
    if (value !== undefined && typeof value !== "string") throw this.refuse(name, `must be text, got ${shown(value)}`);
    return value;
  }

  /** One of several words; undefined where it is not set. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const word = words.find((each) => each === value);
    if (word !== undefined) return word;
    const meant = nearest(String(value), words);
    throw this.refuse(
      name,
      `must be one of ${words.join(", ")}, got ${shown(value)}`,
      meant && `did you mean ${meant}?`,
    );
  }

  /** A list of whole numbers of at least 1, such as a shape; undefined where it is not set. */
  sizes(name: string, example: string): readonly number[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) > 0;
    if (!Array.isArray(value) || value.length === 0 || !value.every(isSize)) {
      throw this.refuse(name, `must be a list of whole numbers above 0 such as ${example}, got ${shown(value)}`);
    }
    return value as number[];
  }

  /** A list of whole numbers or words; undefined where it is not set. */
  list(name: string, example: string): readonly (string | number)[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const isItem = (item: unknown) => typeof item === "string" || Number.isSafeInteger(item);
    if (!Array.isArray(value) || !value.every(isItem)) {
      throw this.refuse(name, `must be a list such as ${example}, got ${shown(value)}`);
    }
    return value as (string | number)[];
  }

  /** A list of texts; empty where it is not set. */
  texts(name: string, example: string): readonly string[] {
    const value = this.#take(name) ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) {
      throw this.refuse(name, `must be a list of texts such as ${example}, got ${shown(value)}`);
    }
    return value;
  }

  /** Refuses the names that nothing asked for. */
  finish(): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#known.includes(name)) continue;
      const meant = nearest(name, this.#known);
      const known = this.#known.length > 0 ? `it knows ${this.#known.join(", ")}` : "it has none";
      throw this.refuse(
        name,
        `${this.about} has no such setting`,
        meant ? `did you mean ${meant}?` : known,
      );
    }
  }
}

/** A value from YAML, as one would write it. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)} ...` : text;
}

/** Refuses every setting of a format that has none. */
export const requireNoSettings = (options: ReaderOptions, format: string): void =>
  new Settings(options, format).finish();

/** The array of a file that holds one only was named. */
export function refuseMember(options: ReaderOptions, about: string): void {
  if (options.member === undefined) return;
  throw new UserError("data.member", `${about} has no arrays with names, got ${shown(options.member)}`, "leave it out");
}
