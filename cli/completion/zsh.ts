/** Completion for zsh. */
import type { Option } from "../command.ts";
import { actionsOf, type Completed, type CompletedCommand, isOpen } from "./spec.ts";

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** Within a specification of _arguments these stand for something. */
const escaped = (text: string) => text.replaceAll(/[\\[\]:]/g, (mark) => `\\${mark}`);

/** What completes a value: words, files where it is a path, or both. After a space an action gets no more arguments. */
function action(option: Option): string {
  const { type, values = [] } = option;
  if (isOpen(option)) return " _narrows_keys";
  if (type !== "path") return values.length > 0 ? `(${values.join(" ")})` : " ";
  return values.length > 0 ? ` _narrows_path ${values.join(" ")}` : "_files";
}

function argumentSpecs(command: CompletedCommand): string[] {
  const options = Object.entries(command.options).map(([name, option]) => {
    const text = `[${escaped(option.help)}]`;
    const often = option.many ? "*" : "";
    if (option.type === "flag") return quoted(`${often}--${name}${text}`);
    const colon = option.bare ? "::" : ":";
    return quoted(`${often}--${name}=${text}${colon}${escaped(option.value ?? "")}:${action(option)}`);
  });
  const places = command.places.map((option, i) =>
    quoted(`${option.many ? "*" : i + 1}:${escaped(option.value ?? "")}:${action(option)}`)
  );
  return [...options, ...places];
}

const functionName = (command: CompletedCommand) => `_narrows_${command.words.join("_")}`;

export function zshCompletion(spec: Completed): string {
  const functions = spec.commands.map((command) =>
    `${functionName(command)}() {
  _arguments -s ${argumentSpecs(command).join(" \\\n    ")}
}`
  );
  const groups = spec.names.flatMap(([name]) => {
    const actions = actionsOf(name, spec);
    if (actions.length === 0) return [];
    const rows = actions.map(({ words, does }) => quoted(`${words[1]}:${escaped(does)}`));
    return [`_narrows_${name}() {
  local -a actions=(${rows.join(" ")})
  if ((CURRENT == 2)); then
    _describe action actions
  elif (($+functions[_narrows_${name}_$words[2]])); then
    local action=$words[2]
    shift words
    ((CURRENT--))
    _narrows_${name}_$action
  fi
}`];
  });
  const keys = spec.commands.flatMap(({ options }) => Object.values(options).filter(isOpen))[0]?.values ?? [];
  const names = spec.names.map(([name, does]) => quoted(`${name}:${escaped(does)}`));
  return `#compdef narrows
# Completion for zsh of narrows and of its commands under deno task.

_narrows_keys() {
  compadd -S "" -- ${keys.join(" ")}
}

_narrows_path() {
  _alternative "words:word:($*)" 'files:file:_files'
}

${[...functions, ...groups].join("\n\n")}

_narrows() {
  local -a commands=(${names.join(" \\\n    ")})
  if ((CURRENT == 2)); then
    _describe command commands
  elif (($+functions[_narrows_$words[2]])); then
    local command=$words[2]
    shift words
    ((CURRENT--))
    _narrows_$command
  fi
}

_narrows_deno() {
  if [[ $words[2] == task ]] && { ((CURRENT == 3)) || (($+functions[_narrows_$words[3]])); }; then
    shift words
    ((CURRENT--))
    _narrows
  elif [[ -n $_narrows_other ]]; then
    $_narrows_other "$@"
  else
    _default
  fi
}

if [[ \${_comps[deno]:-_narrows_deno} != _narrows_deno ]]; then
  typeset -g _narrows_other=$_comps[deno]
fi
compdef _narrows narrows
compdef _narrows_deno deno
`;
}
