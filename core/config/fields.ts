/** The zod schema of a field of the vocabulary, and the texts that are made of fields. */
import { z } from "zod";
import { showFlow } from "./show.ts";
import type { Bounds, Field, Kind } from "./vocabulary.ts";

/** Most axes that a row of data has: channels, height, width. */
export const MAX_AXES = 3;

function bounded<T extends z.ZodNumber>(schema: T, { minimum, maximum, above, below }: Bounds): T {
  let result = schema;
  if (minimum !== undefined) result = above ? result.gt(minimum) : result.min(minimum);
  if (maximum !== undefined) result = below ? result.lt(maximum) : result.max(maximum);
  return result;
}

/** Most items of a list of counts that are not one for each axis. */
const MAX_COUNTS = 8;
/** Most sizes in a list. */
const MAX_SIZES = 64;

/** A list of counts, by default of one to three. */
export function counts(bounds: Bounds, most = MAX_AXES) {
  return z.array(bounded(z.int(), bounds)).min(1).max(most);
}

const oneOf = (words: readonly string[]) =>
  words.length === 1 ? z.literal(words[0]!) : z.enum(words as [string, ...string[]]);

/** The forms that a value may have, without its words. */
function forms(field: Field, layer: () => z.ZodType): z.ZodType[] {
  switch (field.type) {
    case "flag":
      return [z.boolean()];
    case "count":
      return [bounded(z.int(), field)];
    case "number":
      return [bounded(z.number(), field)];
    case "word":
      return [];
    case "axes":
    case "size":
      return [bounded(z.int(), field), counts(field)];
    case "pair":
      return [z.tuple([bounded(z.number(), field), bounded(z.number(), field)])];
    case "counts":
      return [counts(field, MAX_COUNTS)];
    case "sizes":
      return [z.array(z.union([bounded(z.int(), field), counts(field)])).min(1).max(MAX_SIZES)];
    case "path":
      return [z.string().min(1).meta({ format: "path" })];
    case "layers":
      return [z.array(z.lazy(layer)).min(1)];
  }
}

/**
 * The schema of a field's value, without default and description.
 * @param layer the schema of a layer, for fields that hold layers
 */
export function valueSchema(field: Field, layer: () => z.ZodType): z.ZodType {
  const { words = [], tag, example } = field;
  const all = forms(field, layer);
  if (words.length > 0) all.push(oneOf(words));
  if (tag) {
    const map = z.strictObject({ [tag.name]: bounded(z.number(), tag).describe(tag.about) });
    all.push(map.meta({ examples: [example ?? { [tag.name]: tag.minimum ?? 1 }] }));
  }
  return all.length === 1 ? all[0]! : z.union(all as [z.ZodType, z.ZodType, ...z.ZodType[]]);
}

/** What a field means; where it has an effect stands before it. */
export function fieldText({ about, only }: Field): string {
  return only === undefined ? about : `(${only}) ${about}`;
}

/** Names that mean something, as one schema: `relu: x where it is above 0, else 0; tanh: ...`. */
export function namesSchema<Name extends string>(names: Readonly<Record<Name, string>>) {
  const text = Object.entries(names).map(([name, about]) => `${name}: ${about}`).join("; ");
  return z.enum(Object.keys(names) as [Name, ...Name[]]).describe(text).meta({ names });
}

/** What a kind does, and the settings that its bare name stands for: `..., with eps 1e-5, momentum 0.1`. */
export function bareText({ about, fields }: Kind): string {
  const defaults = fields.map((field) => `${field.name} ${showFlow(field.default)}`).join(", ");
  return defaults === "" ? about : `${about}, with ${defaults}`;
}
