/** @std/testing's assertSnapshot, over the one built into Deno.test's context. */
export async function assertSnapshot(context: Deno.TestContext, actual: unknown): Promise<void> {
  await (context as unknown as { assertSnapshot(actual: unknown): Promise<void> | void }).assertSnapshot(actual);
}
