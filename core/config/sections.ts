/** Sections of the config whose keys are those of a kind: `loss` with `kind`, `optimizer` with `name`. */
import type { z } from "zod";
import { fieldText, namesSchema, valueSchema } from "./fields.ts";
import type { FieldValue, Optimizer, OptimizerConfig } from "./types.ts";
import { type Field, hasField, type Kind, kindNamed, OPTIMIZERS, sameValue } from "./vocabulary.ts";

/** A key of such a section: the fields of that name, each with the kinds that have it. */
export interface SectionField {
  readonly name: string;
  readonly fields: readonly { readonly kind: string; readonly field: Field }[];
}

/** The fields of all kinds by name, in an order in which each kind has its own. */
export function sectionFields(kinds: readonly Kind[]): SectionField[] {
  const order: string[] = [];
  for (const { fields } of kinds) {
    let at = 0;
    for (const { name } of fields) {
      const known = order.indexOf(name);
      if (known >= 0) at = known + 1;
      else {
        const next = fields.slice(fields.findIndex((field) => field.name === name) + 1)
          .map((field) => order.indexOf(field.name)).filter((index) => index >= at);
        at = Math.min(order.length, ...next);
        order.splice(at++, 0, name);
      }
    }
  }
  return order.map((name) => ({
    name,
    fields: kinds.flatMap((kind) =>
      kind.fields.filter((field) => field.name === name).map((field) => ({ kind: kind.name, field }))
    ),
  }));
}

/** What the key means for each kind: `(sgd, adam) L2 penalty; (adamw) decoupled weight decay`. */
function textOf({ fields }: SectionField, kinds: readonly Kind[]): string {
  const texts = [...new Set(fields.map(({ field }) => fieldText(field)))];
  if (texts.length === 1 && fields.length === kinds.length) return texts[0]!;
  return texts.map((text) => {
    const names = fields.filter(({ field }) => fieldText(field) === text).map(({ kind }) => kind);
    return `(${names.join(", ")}) ${text}`;
  }).join("; ");
}

/** Only what all kinds agree on: the engine checks the bounds of the kind that is chosen. */
function commonField({ fields: [first, ...others] }: SectionField): Field {
  const same = (name: keyof Field) => others.every(({ field }) => sameValue(field[name], first!.field[name]));
  const kept = Object.entries(first!.field).filter(([name]) => same(name as keyof Field));
  return { ...Object.fromEntries(kept), name: first!.field.name, type: first!.field.type } as Field;
}

/** The keys of a section but for the one that names the kind. Keys whose default is the kind's have none here. */
export function sectionShape(kinds: readonly Kind[]): Record<string, z.ZodType> {
  return Object.fromEntries(
    sectionFields(kinds).map((key) => {
      const field = commonField(key);
      const schema = valueSchema(field, () => {
        throw new Error(`${field.name}: a list of layers is for layers only`);
      });
      const optional = field.default === undefined ? schema.optional() : schema.default(field.default);
      const meta = field.refusal === undefined ? {} : { refusal: field.refusal };
      return [field.name, optional.describe(textOf(key, kinds)).meta(meta)];
    }),
  );
}

/** The key that names the kind. @param intro what the key is, before what each kind is */
export function kindSchema(kinds: readonly Kind[], chosen: string, intro = "") {
  const schema = namesSchema(Object.fromEntries(kinds.map(({ name, about }) => [name, about])));
  return schema.default(kindNamed(kinds, chosen).name).describe(`${intro}${schema.description}`);
}

/** The settings of the chosen kind, defaults filled in. */
export function settingsOf(kind: Kind, raw: Readonly<Record<string, unknown>>): Record<string, FieldValue> {
  return Object.fromEntries(kind.fields.map(({ name, default: fallback }) => {
    return [name, (raw[name] ?? fallback) as FieldValue];
  }));
}

/** As {@link settingsOf}, with the settings of the other kinds at their defaults, so that the kind alone can be changed. */
export function allSettings(
  kinds: readonly Kind[],
  chosen: string,
  raw: Readonly<Record<string, unknown>>,
): Record<string, FieldValue> {
  const kind = kindNamed(kinds, chosen);
  return Object.fromEntries(
    sectionFields(kinds).map(({ name, fields }) => {
      const own = kind.fields.find((field) => field.name === name) ?? fields[0]!.field;
      return [name, (raw[name] ?? own.default) as FieldValue];
    }),
  );
}

/** The keys of a section that the chosen kind does not have, with the kinds that do. */
export function foreignKeys(kinds: readonly Kind[], chosen: string): SectionField[] {
  const kind = kindNamed(kinds, chosen);
  return sectionFields(kinds).filter(({ name }) => !hasField(kind, name));
}

/** The rule's own settings, without those that the config keeps for other rules: what the engine takes. */
export function ownSettings(optimizer: OptimizerConfig): Optimizer {
  const { name, sparse } = optimizer;
  return { name, ...settingsOf(kindNamed(OPTIMIZERS, name), optimizer), sparse };
}
