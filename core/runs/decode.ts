/** Untrusted JSON to typed data: a decoder returns the value or throws with the field's path. */
import { isRecord } from "../formats/json.ts";

export class DecodeError extends Error {}

export type Decoder<T> = (value: unknown, field: string) => T;

function wrong(field: string, expected: string, value: unknown): never {
  const shown = JSON.stringify(value) ?? String(value);
  throw new DecodeError(`${field || "content"}: expected ${expected}, got ${shown.slice(0, 60)}`);
}

export const text: Decoder<string> = (value, field) => typeof value === "string" ? value : wrong(field, "text", value);

/** JSON has no NaN: null stands for it. */
export const number: Decoder<number> = (value, field) => {
  if (value === null) return NaN;
  return typeof value === "number" ? value : wrong(field, "a number", value);
};

export function nullable<T>(inner: Decoder<T>): Decoder<T | null> {
  return (value, field) => value === null || value === undefined ? null : inner(value, field);
}

/** A field that may be absent; absent and null are the same. */
export function optional<T>(inner: Decoder<T>): Decoder<T | null | undefined> {
  return (value, field) => value === null || value === undefined ? undefined : inner(value, field);
}

/** A field that may be absent, but not null. */
export function maybe<T>(inner: Decoder<T>): Decoder<T | undefined> {
  return (value, field) => value === undefined ? undefined : inner(value, field);
}

export function oneOf<T extends string>(...allowed: readonly T[]): Decoder<T> {
  return (value, field) => allowed.find((item) => item === value) ?? wrong(field, allowed.join(", "), value);
}

export function list<T>(inner: Decoder<T>): Decoder<T[]> {
  return (value, field) =>
    Array.isArray(value) ? value.map((item, i) => inner(item, `${field}[${i}]`)) : wrong(field, "a list", value);
}

/** The fields named; others are dropped. */
export function object<T>(fields: { readonly [K in keyof T]: Decoder<T[K]> }): Decoder<T> {
  return (value, field) => {
    if (!isRecord(value)) return wrong(field, "an object", value);
    const decoded: Partial<T> = {};
    for (const key in fields) {
      const inner = fields[key](value[key], field ? `${field}.${key}` : key);
      if (inner !== undefined) decoded[key] = inner;
    }
    return decoded as T;
  };
}

export const record: Decoder<Record<string, unknown>> = (value, field) =>
  isRecord(value) ? value : wrong(field, "an object", value);
