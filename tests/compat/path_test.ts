import { assert, assertEquals } from "@std/assert";
import { basename, dirname, extname, fromFileUrl, globToRegExp, isAbsolute, isGlob, join, normalize } from "@std/path";
import { relative, resolve, SEPARATOR, toFileUrl } from "@std/path";

Deno.test("paths", () => {
  assertEquals([basename("/a/b.c"), basename("/a/b.c", ".c"), dirname("/a/b"), extname("a.tar.gz")], [
    "b.c",
    "b",
    "/a",
    ".gz",
  ]);
  assertEquals([join("a", "..", "b"), normalize("a//b/../c"), resolve("/a", "../b"), relative("/a/b", "/a/c")], [
    "b",
    "a/c",
    "/b",
    "../c",
  ]);
  assertEquals([isAbsolute("/a"), isAbsolute("a"), SEPARATOR], [true, false, "/"]);
  assertEquals(fromFileUrl(toFileUrl("/a b/ä%.x")), "/a b/ä%.x");
});

Deno.test("what is a glob", () => {
  for (const glob of ["*.npz", "a?", "[ab]", "{a,b}", "a/**/b"]) assert(isGlob(glob), glob);
  for (const path of ["a.npz", "a{b", "a]b", "a\\*b", "/a/b-c_d"]) assert(!isGlob(path), path);
});

Deno.test("what a glob matches", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["*.npz", ["a.npz", ".npz", "a.b.npz"], ["a/b.npz", "a.npz2", "anpz"]],
    ["/d/*.npz", ["/d/a.npz"], ["/d/e/a.npz", "d/a.npz"]],
    ["d/**/*.npz", ["d/a.npz", "d/e/a.npz", "d/e/f/a.npz"], ["a.npz", "de/a.npz"]],
    ["d/**", ["d/a", "d/e/f"], ["e/a"]],
    ["a?c", ["abc"], ["ac", "a/c", "abbc"]],
    ["[a-c]x", ["ax", "cx"], ["dx"]],
    ["[!a]x", ["bx"], ["ax"]],
    ["[^]x", ["^x"], ["ax"]],
    ["{a,b*}.{x,y}", ["a.x", "b9.y"], ["c.x", "a.z"]],
    ["a+b(1).$", ["a+b(1).$"], ["aab1.$"]],
    ["a\\*b", ["a*b"], ["axb"]],
    ["a{b", ["a{b"], ["ab"]],
    ["a[b", ["a[b"], ["ab"]],
    ["[z-a]", ["[z-a]"], ["b"]],
    ["a//b", ["a/b", "a//b"], ["ab"]],
  ];
  for (const [glob, yes, no] of cases) {
    const pattern = globToRegExp(glob);
    for (const path of yes) assert(pattern.test(path), `${glob} should match ${path}: ${pattern}`);
    for (const path of no) assert(!pattern.test(path), `${glob} should not match ${path}: ${pattern}`);
  }
});
