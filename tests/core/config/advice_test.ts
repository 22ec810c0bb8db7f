/** What to write instead: the hint of each kind of slip in a value or key. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "../../../core/config/mod.ts";

const MODEL = "model: {encoder: [{linear: 2}], decoder: [{linear: output}]}\n";
const DATA = "data: {path: x}\n";

/** [text after a good data or model section, what, hint] */
const CASES: readonly (readonly [string, string, string])[] = [
  [
    `${DATA}model: {encoder: [{linear: 3, dropout: 0.1}], decoder: [{linear: output}]}`,
    "model.encoder.0: linear and dropout are two layers",
    "write one after the other: {linear: 3}, {dropout: 0.1}",
  ],
  [
    `${DATA}model: {encoder: [{type: linear, size: 3}], decoder: [{linear: output}]}`,
    'model.encoder.0: unknown layer "type"',
    "the kind itself is the key: write {linear: 64}",
  ],
  [
    `${DATA}model: {encoder: [{linear: 3}, {name: relu}], decoder: [{linear: output}]}`,
    'model.encoder.1: unknown layer "name"',
    "the kind itself is the key: write relu",
  ],
  [
    `${DATA}model: {encoder: ["linear:64"], decoder: [{linear: output}]}`,
    'model.encoder.0: unknown layer "linear:64"; did you mean linear?',
    "put a space after the colon: linear: 64",
  ],
  [`${MODEL}${DATA}optimizer: adam`, 'optimizer must be a map of keys, got "adam"', "write {name: adam}"],
  [`${MODEL}${DATA}loss: mse`, 'loss must be a map of keys, got "mse"', "write {kind: mse}"],
  [`${MODEL}data: a/b`, 'data must be a map of keys, got "a/b"', "write {path: a/b}"],
  [
    `${MODEL}${DATA}training: {early_stopping: true}`,
    "training.early_stopping must be a map of keys, got true",
    "write a map with the keys patience, min_delta",
  ],
  [
    `${MODEL}${DATA}optimizer: {betas: 0.9}`,
    "optimizer.betas must be a list of 2: a number of at least 0 and below 1, a number of at least 0 and below 1, got 0.9",
    "write a list, e.g. [0.9, 0.999]",
  ],
  [
    `${MODEL}${DATA}optimizer: {weight_decay: 1%}`,
    'optimizer.weight_decay must be a number from 0 to 1000, got "1%"',
    "write 0.01",
  ],
  [
    `${MODEL}${DATA}optimizer: {weight_decay: 0,001}`,
    "unknown key optimizer.001",
    "a decimal has a point, not a comma: 0.001",
  ],
  [
    `${MODEL}${DATA}seed: \u22123`,
    'seed must be a whole number of at least 0, got "\u22123"',
    "write -3, without quotes or separators",
  ],
  [
    `${MODEL}${DATA}scheduler: {name cosine}`,
    "unknown key scheduler.name cosine",
    "put a colon after the key: name: cosine",
  ],
  [
    `${MODEL}${DATA}scheduler: {name:cosine}`,
    "unknown key scheduler.name:cosine",
    "put a space after the colon: name: cosine",
  ],
  [
    `${MODEL}${DATA}\u00a0seed: 3`,
    "unknown key \u00a0seed",
    "it contains a space character that is not an ordinary space; type the name again",
  ],
];

Deno.test("slips in values and keys are told with what to write instead", () => {
  for (const [text, what, hint] of CASES) {
    const { problems } = assertThrows(() => loadConfig({ text, file: "a.yaml" }), ConfigError);
    assertEquals(problems.map((each) => [each.what, each.hint]), [[what, hint]], text);
  }
});
