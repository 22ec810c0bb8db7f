/**
 * Layers: their YAML form and the way to and from the typed form, made from the vocabulary. A layer is a bare name (`relu`)
 * or a map whose first key is its kind with its value (`{linear: 512, bias: false}`).
 */
import { z } from "zod";
import type { FieldValue, Layer } from "../../spec/network.ts";
import { bareText, fieldText, namesSchema, valueSchema } from "./fields.ts";
import { type Field, type Kind, kindNamed, LAYERS, sameValue, valueField } from "./vocabulary.ts";

/** One layer as YAML has it. */
export type RawLayer = string | Readonly<Record<string, unknown>>;

const isOptional = (field: Field) => field.default !== undefined;

/** Whether the bare name says all: `relu`, or `leaky_relu` with its default slope. */
const canBeBare = ({ fields }: Kind) => fields.every(isOptional);

/** The map's example: each field that has one; a map among them, or a list with a default, is a rarer form of its field. */
function exampleOf({ name, fields }: Kind): Record<string, unknown> {
  const isRare = ({ example, default: fallback }: Field) =>
    typeof example === "object" && (fallback !== undefined || !Array.isArray(example));
  const shown = fields.filter((field) => field.value || (field.example !== undefined && !isRare(field)));
  return Object.fromEntries(shown.map((field) => [field.value ? name : field.name, field.example ?? field.default]));
}

function mapSchema(kind: Kind, layer: () => z.ZodType): z.ZodType {
  const shape = kind.fields.map((field): [string, z.ZodType] => {
    const schema = valueSchema(field, layer);
    if (field.value) return [kind.name, schema.describe(`${field.name}: ${fieldText(field)}`)];
    const optional = isOptional(field) ? schema.default(field.default) : schema;
    return [field.name, optional.describe(fieldText(field)).meta(refusalOf(field))];
  });
  return z.strictObject(Object.fromEntries(shape)).describe(kind.about).meta({ examples: [exampleOf(kind)] });
}

const refusalOf = ({ refusal }: Field) => refusal === undefined ? {} : { refusal };

/** The forms of layers of the given kinds. `id` names the schema among the JSON Schema's definitions. */
export function layerForms(kinds: readonly Kind[], id: string) {
  const bare = kinds.filter(canBeBare);
  const maps = kinds.filter(valueField);
  const layer = (): z.ZodType => schema;
  const schema: z.ZodType<RawLayer> = z.union([
    ...bare.length > 0 ? [namesSchema(Object.fromEntries(bare.map((kind) => [kind.name, bareText(kind)])))] : [],
    ...maps.map((kind) => mapSchema(kind, layer)),
  ] as unknown as [z.ZodType<RawLayer>, z.ZodType<RawLayer>]).meta({ title: "layer", id });

  /** A value of a field from its YAML form. */
  function toValue(field: Field, raw: unknown): FieldValue {
    return field.type === "layers" ? (raw as RawLayer[]).map(toLayer) : raw as FieldValue;
  }

  function toLayer(raw: RawLayer): Layer {
    const given = typeof raw === "string" ? {} : raw;
    const kind = kindNamed(kinds, typeof raw === "string" ? raw : Object.keys(raw)[0]!);
    const values = kind.fields.map((field): [string, FieldValue] => {
      const value = given[field.value ? kind.name : field.name];
      return [field.name, value === undefined ? field.default! : toValue(field, value)];
    });
    return { kind: kind.name, ...Object.fromEntries(values) };
  }

  /**
   * The layer in its YAML form. A layer that must have settings has only those that differ from their defaults; one whose
   * bare name would do is written with all of them, so that they can be read.
   */
  function fromLayer(layer: Layer): RawLayer {
    return written(layer, true);
  }

  /** @param isOuter whether it lies in no other layer, where a solver may be set */
  function written(layer: Layer, isOuter: boolean): RawLayer {
    const kind = kindNamed(kinds, layer.kind);
    const value = valueField(kind);
    if (value === undefined) return kind.name;
    const isFull = canBeBare(kind);
    const shown = kind.fields.filter((field) => {
      const isChoice = isOuter && isAlwaysShown(layer, field);
      return field.value || isFull || isChoice || !sameValue(layer[field.name], field.default);
    });
    return Object.fromEntries(shown.map((field) => {
      const value = layer[field.name]!;
      const plain = field.type === "layers" ? (value as readonly Layer[]).map((inner) => written(inner, false)) : value;
      return [field.value ? kind.name : field.name, plain];
    }));
  }
  return { schema, toLayer, fromLayer };
}

/** The solver of a layer that gives the data's columns: a choice of the program unless the config makes it. */
function isAlwaysShown(layer: Layer, { name }: Field): boolean {
  return name === "solver" && layer.size === "output";
}

export const { schema: layerSchema, toLayer, fromLayer } = layerForms(LAYERS, "layer");
