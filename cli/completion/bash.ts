/** Completion for bash. */
import type { Option } from "../command.ts";
import { actionsOf, type Completed, type CompletedCommand, isOpen } from "./spec.ts";

/** What completes a value: words, and files where it is a path. */
function reply(option: Option): string {
  const words = isOpen(option) ? "$_narrows_keys" : (option.values ?? []).join(" ");
  return `words="${words}"${option.type === "path" ? " files=1" : ""}${isOpen(option) ? " open=1" : ""}`;
}

function cases(command: CompletedCommand): string[] {
  const name = command.words.join(" ");
  const withValue = Object.entries(command.options).filter(([, option]) => option.type !== "flag");
  const places = command.places.flatMap(({ values = [] }) => values).join(" ");
  const files = command.places.some(({ type }) => type === "path") ? " files=1" : "";
  return [
    ...withValue.map(([option, definition]) => `    "${name} --${option}") ${reply(definition)} ;;`),
    `    "${name} "*) options="${Object.keys(command.options).map((option) => `--${option}`).join(" ")}"` +
    ` words="${places}"${files} ;;`,
  ];
}

export function bashCompletion(spec: Completed): string {
  const names = spec.names.map(([name]) => name);
  const groups = names.map((name) => [name, actionsOf(name, spec)] as const).filter(([, actions]) =>
    actions.length > 0
  );
  const groupCases = groups.map(([name, actions]) =>
    `    ${name})
      if ((COMP_CWORD == first + 1)); then
        COMPREPLY=($(compgen -W "${actions.map(({ words }) => words[1]).join(" ")}" -- "$word"))
        return
      fi
      command="$command \${COMP_WORDS[first + 1]}" ;;`
  );
  const keys = spec.commands.flatMap(({ options }) => Object.values(options).filter(isOpen))[0]?.values ?? [];
  return `# Completion for bash of narrows and of its commands under deno task.
_narrows_commands="${names.join(" ")}"
_narrows_keys="${keys.join(" ")}"

# _narrows_words FIRST: completes the command line whose command is word number FIRST.
_narrows_words() {
  local first=$1 word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local command=\${COMP_WORDS[first]} options= words= files= open= IFS=$' \\t\\n'
  [[ $before == "=" ]] && before=\${COMP_WORDS[COMP_CWORD - 2]}
  [[ $word == "=" ]] && before=\${COMP_WORDS[COMP_CWORD - 1]} word=
  if ((COMP_CWORD == first)); then
    COMPREPLY=($(compgen -W "$_narrows_commands" -- "$word"))
    return
  fi
  case $command in
${groupCases.join("\n")}
  esac
  case "$command $before" in
${spec.commands.flatMap(cases).join("\n")}
  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [[ -n $open ]] && compopt -o nospace 2> /dev/null
  if [[ -n $files ]]; then
    IFS=$'\\n'
    COMPREPLY+=($(compgen -f -- "$word"))
    compopt -o filenames 2> /dev/null
  fi
}

_narrows() { _narrows_words 1; }

_narrows_deno() {
  if [[ \${COMP_WORDS[1]} == task && COMP_CWORD -gt 2 && " $_narrows_commands " == *" \${COMP_WORDS[2]} "* ]]; then
    _narrows_words 2
    return
  fi
  [[ -n $_narrows_other ]] && "$_narrows_other" "$@"
  if [[ \${COMP_WORDS[1]} == task && COMP_CWORD -eq 2 ]]; then
    COMPREPLY+=($(compgen -W "$_narrows_commands" -- "\${COMP_WORDS[2]}"))
  fi
}

if [[ $(complete -p deno 2> /dev/null) =~ -F\\ ([^ ]+) && \${BASH_REMATCH[1]} != _narrows_deno ]]; then
  _narrows_other=\${BASH_REMATCH[1]}
fi
complete -F _narrows narrows
complete -o default -F _narrows_deno deno
`;
}
