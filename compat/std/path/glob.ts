/** Whether a path has glob characters. */
export function isGlob(text: string): boolean {
  return /[*?]|\[[^\]]*\]|\{[^}]*\}/.test(text);
}

/** `*` within a name, `**` across folders, `?`, `[abc]`, `{a,b}`. */
export function globToRegExp(glob: string): RegExp {
  let pattern = "";
  let braces = 0;
  for (let i = 0; i < glob.length; i++) {
    const c = glob.charAt(i);
    if (c === "*") {
      if (glob.charAt(i + 1) === "*") {
        i += glob.charAt(i + 2) === "/" ? 2 : 1;
        pattern += glob.charAt(i) === "/" ? "(?:[^/]*/)*" : ".*";
      } else pattern += "[^/]*";
    } else if (c === "?") pattern += "[^/]";
    else if (c === "[" && glob.indexOf("]", i + 1) > 0) {
      const end = glob.indexOf("]", i + 1);
      pattern += `[${glob.slice(i + 1, end).replace(/^!/, "^").replaceAll("\\", "\\\\")}]`;
      i = end;
    } else if (c === "{") {
      pattern += "(?:";
      braces++;
    } else if (c === "}" && braces > 0) {
      pattern += ")";
      braces--;
    } else if (c === "," && braces > 0) pattern += "|";
    else pattern += c.replace(/[.+^$()|\\{}\[\]]/, "\\$&");
  }
  return new RegExp(`^${pattern}$`);
}
