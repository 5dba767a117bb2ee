import { createInterface } from "node:readline/promises";

/** Asks a question on the terminal; null if it is left open: Ctrl-C, Ctrl-D, or `signal`. */
export type Ask = (question: string, signal?: AbortSignal) => Promise<string | null>;

/** Asks on standard error, so that standard output holds results alone; undefined where nobody sits at a terminal. */
export function createAsk(input: NodeJS.ReadStream, output: NodeJS.WriteStream): Ask | undefined {
  if (!input.isTTY || !output.isTTY) {
    return undefined;
  }
  return async (question, signal) => {
    const lines = createInterface({ input, output });
    const left = new AbortController();
    lines.once("close", () => {
      left.abort();
    });
    try {
      return await lines.question(question, { signal: AbortSignal.any([left.signal, ...(signal ? [signal] : [])]) });
    } catch {
      output.write("\n");
      return null;
    } finally {
      lines.close();
    }
  };
}
