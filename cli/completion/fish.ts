/** Completion for fish. */
import { HELP, type Option } from "../command.ts";
import { actionsOf, type Completed, type CompletedCommand } from "./spec.ts";

const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const valueOf = ({ type, values = [], bare }: Option) =>
  [
    bare ? "" : "-r",
    type === "path" ? "-F" : "-f",
    values.length > 0 ? `-a ${quoted(values.join(" "))}` : "",
  ].filter(Boolean).join(" ");

function lines(command: CompletedCommand): string[] {
  const when = `-n ${quoted(`__narrows_in ${command.words.join(" ")}`)}`;
  const options = Object.entries(command.options).map(([name, option]) => {
    const short = option.short ? ` -s ${option.short}` : "";
    const value = option.type === "flag" ? "-f" : valueOf(option);
    return `__narrows_complete ${when} -l ${name}${short} ${value} -d ${quoted(option.help)}`;
  });
  const places = command.places.map((option) => {
    const { type, values = [] } = option;
    const words = values.length > 0 ? ` -a ${quoted(values.join(" "))}` : "";
    return `__narrows_complete ${when} ${type === "path" ? "-F" : "-f"}${words}`;
  });
  return [...options, ...places.length > 0 ? places : [`__narrows_complete ${when} -f`]];
}

export function fishCompletion(spec: Completed): string {
  const actions = spec.names.flatMap(([name]) => {
    const within = actionsOf(name, spec);
    return [
      ...within.map(({ words, does }) =>
        `__narrows_complete -n ${quoted(`__narrows_at ${name}`)} -f -a ${words[1]} -d ${quoted(does)}`
      ),
      ...within.length > 0
        ? [`__narrows_complete -n ${quoted(`__narrows_at ${name}`)} -l help -s h -f -d ${quoted(HELP.help)}`]
        : [],
    ];
  });
  return `# Completion for fish of narrows and of its commands under deno task.

# The words before the cursor, after narrows or deno task.
function __narrows_words
    set -l words (commandline -opc)
    if test "$words[1]" = deno
        test "$words[2]" = task; or return 1
        set -e words[2]
    end
    set -e words[1]
    printf '%s\\n' $words
end

# Whether the words begin with these.
function __narrows_in
    set -l words (__narrows_words); or return 1
    set -l length (count $argv)
    test (count $words) -ge $length; or return 1
    test "$words[1..$length]" = "$argv"
end

# Whether the words are these and no more.
function __narrows_at
    set -l words (__narrows_words); or return 1
    test "$words" = "$argv"
end

# Fish loads its own completion of deno when it is first asked for, and drops what was there before.
complete -C 'deno ' > /dev/null

function __narrows_complete
    complete -c narrows $argv
    complete -c deno $argv
end

${spec.names.map(([name, does]) => `__narrows_complete -n __narrows_at -f -a ${name} -d ${quoted(does)}`).join("\n")}
${[...actions, ...spec.commands.flatMap(lines)].join("\n")}
`;
}
