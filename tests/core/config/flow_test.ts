/** What a value on a command line is: no comments, aliases, anchors or tags; and what null and an empty key do to a base. */
import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError, loadConfig } from "../../../core/config/mod.ts";
import { testInFolder } from "../../temp.ts";

const TEXT = "data: {path: chunks}\nmodel:\n  encoder: [{linear: 8}]\n  decoder: [{linear: output}]\n";
const load = (...overrides: string[]) => loadConfig({ text: TEXT, file: "a.yaml", cwd: "/w", overrides }).config;

/** The first line of what is refused, and its hint. */
function refused(run: () => unknown): string {
  const { where, what, hint } = assertThrows(run, ConfigError).problems[0]!;
  return `${where}: ${what}${hint === undefined ? "" : ` | ${hint}`}`;
}

Deno.test("a path on the command line is taken as it is written", () => {
  const folders = [
    ["data/run #3", "/w/data/run #3"],
    ["a: b", "/w/a: b"],
    ["*x", "/w/*x"],
    ["&x", "/w/&x"],
    ["!x y", "/w/!x y"],
    ["@x", "/w/@x"],
    ["`x`", "/w/`x`"],
    ["%x", "/w/%x"],
    ["|", "/w/|"],
    ["> x", "/w/> x"],
    ["- x", "/w/- x"],
    ["{a,b}/*.npz", "/w/{a,b}/*.npz"],
    ["[ab].npz", "/w/[ab].npz"],
    ["[ab]", "/w/[ab]"],
    ["2024", "/w/2024"],
    ["1e3", "/w/1e3"],
    ["true", "/w/true"],
    ['"a b"', "/w/a b"],
    ["'it''s'", "/w/it's"],
    ['"a" b', '/w/"a" b'],
    ["it's", "/w/it's"],
    ["a\\b", "/w/a\\b"],
    [" a ", "/w/a"],
  ] as const;
  for (const [written, path] of folders) assertEquals(load(`data.path=${written}`).data.path, path, written);
});

Deno.test("values on the command line have their types, also within lists and maps", () => {
  assertEquals(load("seed=7", "training.max_steps=0x10", "optimizer.learning_rate=1e-2").training.max_steps, 16);
  assertEquals(load("data.shuffle=false").data.shuffle, false);
  assertEquals(load("data.labels=null").data.labels, null);
  assertEquals(load("data.labels=~").data.labels, null);
  assertEquals(load("name=2024").name, "2024");
  assertEquals(load("optimizer={name: sgd, learning_rate: 1.0e-1, betas: [.5, 0.25,]}").optimizer.betas, [.5, .25]);
  assertEquals(load('optimizer={"name":"sgd","learning_rate":1}').optimizer.learning_rate, 1);
  assertEquals(load("model.encoder=[linear: 4, relu, {dropout: .5}]").model.encoder[2], { kind: "dropout", rate: .5 });
  const { split } =
    load("data.split={train: [*.npz, 'b, c.npz', d #1.npz, &e, !f], test: [g: h.npz]}".replace("g: h", "g:h"))
      .data;
  assertEquals(split.by === "files" && split.train, ["/w/*.npz", "/w/b, c.npz", "/w/d #1.npz", "/w/&e", "/w/!f"]);
  assertEquals(split.by === "files" && split.test, ["/w/g:h.npz"]);
  const glob = load("data.split.train=[ab]*.npz").data.split;
  assertEquals(glob.by === "files" && glob.train, ["/w/[ab]*.npz"]);
  assertEquals(load("data.transforms=[]").data.transforms, []);
});

Deno.test("values on the command line that cannot be read are refused with the reason", () => {
  const line = (override: string) => refused(() => load(override)).replace(/^--override ".*?": /, "");
  assertEquals(line("training.epochs="), "the value after = is missing | write null where none is meant: a.b=null");
  assertEquals(line("data.transforms=[log1p"), "not valid YAML: a list opened with [ is not closed with ]");
  assertEquals(line("scheduler={name: cosine"), "not valid YAML: a map opened with { is not closed with }");
  assertEquals(line("data.transforms=[log1p] x"), "not valid YAML: got x after the end of the value");
  assertEquals(line("data.transforms=['log1p]"), "not valid YAML: a quoted text is not closed");
  assertEquals(line("optimizer={name: sgd, name: adam}"), "duplicate key name | keep one of them");
  assertEquals(line("data.path=null"), "data.path must be a path, got nothing (null)");
  assertEquals(line("scheduler=name: cosine").split(" | ")[1], "write {name: cosine}");
  assertEquals(line(`data.transforms=${"[".repeat(100)}`), "nested more than 64 levels deep");
});

testInFolder("null in a config unsets a map of its base; an empty key does not", (folder) => {
  const base = TEXT + "optimizer: {name: sgd, learning_rate: 0.5}\ntraining:\n  early_stopping: {patience: 3}\n";
  Deno.writeTextFileSync(`${folder}/base.yaml`, base);
  const child = (text: string, file = "child.yaml", ...overrides: string[]) => {
    Deno.writeTextFileSync(`${folder}/${file}`, text);
    return loadConfig({ file, cwd: folder, overrides }).config;
  };
  assertEquals(child("extends: base.yaml\noptimizer: null").optimizer.name, "adam");
  assertEquals(child("extends: base.yaml\noptimizer: ~").optimizer.learning_rate, 0.001);
  assertEquals(child('{"extends": "base.yaml", "optimizer": null}', "c.json").optimizer.name, "adam");
  assertEquals(child("extends: base.yaml\ntraining: {early_stopping: null}").training.early_stopping.patience, null);
  assertEquals(child("extends: base.yaml\noptimizer:").optimizer.name, "sgd");
  assertEquals(child("extends: base.yaml\noptimizer: # all commented out\n").optimizer.name, "sgd");
  assertEquals(child("extends: base.yaml\ntraining: {early_stopping: }").training.early_stopping.patience, 3);
  assertEquals(child("extends: base.yaml", "d.yaml", "optimizer=null").optimizer.name, "adam");
  assertEquals(
    refused(() => child("extends: base.yaml\nmodel: null")).split(" | ")[0],
    "child.yaml:1:1: model is missing",
  );
});

Deno.test("a YAML merge key is refused with its place and what to use", () => {
  const hint = "start from another file with extends: base.yaml, or write the keys here";
  const text = `x: &x {seed: 1}\n<<: *x\n${TEXT}`;
  assertEquals(
    refused(() => loadConfig({ text, file: "a.yaml" })),
    `a.yaml:2:1: the YAML merge key << is not read | ${hint}`,
  );
  assertEquals(
    refused(() => loadConfig({ text: `${TEXT}training: {epochs: 3, <<: {max_steps: 2}}`, file: "a.yaml" })),
    `a.yaml:5:23: the YAML merge key << is not read | ${hint}`,
  );
  assertEquals(refused(() => load("training={<<: 1}")).split(" | ")[1], hint);
});
