import type { CliContext } from "../context.ts";
import { breakLines, withoutControls } from "./text.ts";

/** Prints a sentence, without control characters that a name or an error's text may bring: broken between words in a terminal, as one line where a program may read it. */
export function printProse({ stdout, print }: Pick<CliContext, "stdout" | "print">, sentence: string): void {
  const text = withoutControls(sentence.replaceAll(/[\r\n\t]+/gv, " "));
  print(...(stdout.isTTY ? breakLines(text, stdout.columns) : [text]));
}
