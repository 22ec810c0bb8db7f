/** Whether a path has glob characters. */
export function isGlob(text: string): boolean {
  return /[*?]|\[[^\]]*\]|\{[^}]*\}/.test(text.replace(/\\./g, ""));
}

/**
 * `*` within a name, `**` as a whole name for any number of folders, `?`, `[abc]`, `[!abc]`, `{a,b}`; `\` takes the next
 * character as it is. A name with brackets or braces that are not closed is taken as it is.
 */
export function globToRegExp(glob: string): RegExp {
  const names = glob.split("/");
  const parts = names.map((name, index) => {
    const isLast = index === names.length - 1;
    if (name === "**") return isLast ? ".*" : "(?:[^/]*/+)*";
    if (name === "" && index > 0) return "";
    return (namePattern(name) ?? escape(name)) + (isLast ? "" : "/+");
  });
  return new RegExp(`^${parts.join("")}/*$`);
}

function escape(text: string): string {
  return text.replace(/[.*+?^$()|\\{}\[\]]/g, "\\$&");
}

/** A name's pattern, or undefined if it is not a well-formed glob. */
function namePattern(name: string): string | undefined {
  let pattern = "";
  let braces = 0;
  for (let i = 0; i < name.length; i++) {
    const c = name.charAt(i);
    const close = c === "[" ? name.indexOf("]", i + 2) : -1;
    if (c === "\\" && i + 1 < name.length) pattern += escape(name.charAt(++i));
    else if (c === "*") {
      while (name.charAt(i + 1) === "*") i++;
      pattern += "[^/]*";
    } else if (c === "?") pattern += "[^/]";
    else if (c === "[" && close < 0) return undefined;
    else if (c === "[") {
      const inside = name.slice(i + 1, close).replace(/[\\\]\[]/g, "\\$&");
      pattern += `[${inside.replace(/^!/, "^").replace(/^\^$/, "\\^")}]`;
      i = close;
    } else if (c === "{") {
      pattern += "(?:";
      braces++;
    } else if (c === "}" && braces > 0) {
      pattern += ")";
      braces--;
    } else pattern += c === "," && braces > 0 ? "|" : escape(c);
  }
  if (braces > 0) return undefined;
  try {
    new RegExp(pattern);
    return pattern;
  } catch {
    return undefined;
  }
}
