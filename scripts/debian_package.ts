/** A Debian package unpacked into a folder of its own, for the scripts that make example data from one. */
import { join } from "@std/path";

async function call(command: string, args: string[], cwd: string): Promise<void> {
  const { success } = await new Deno.Command(command, { args, cwd, stdout: "null" }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")} failed`);
}

/** Debian's copyright file without its markup: a stanza's text is indented by one, an empty line is " .". */
function plainLicence(text: string): string {
  return text.replaceAll(/^ \.$/gm, "").replaceAll(/^ /gm, "").trimEnd() + "\n";
}

/**
 * Downloads and unpacks a package, without installing it, and removes it again after `use`. Needs apt-get and dpkg-deb.
 * @param use gets the folder and the text of the package's copyright file
 */
export async function withPackage(
  name: string,
  use: (folder: string, copyright: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await call("apt-get", ["-qq", "download", name], folder);
    const deb = [...Deno.readDirSync(folder)].find((entry) => entry.name.endsWith(".deb"))!.name;
    await call("dpkg-deb", ["-x", deb, "."], folder);
    await use(folder, plainLicence(await Deno.readTextFile(join(folder, "usr/share/doc", name, "copyright"))));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
