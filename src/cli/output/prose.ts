import type { CliContext } from "../context.ts";
import { breakLines } from "./text.ts";

/** Prints a sentence: broken between words in a terminal, as one line where a program may read it. */
export function printProse({ stdout, print }: Pick<CliContext, "stdout" | "print">, sentence: string): void {
  print(...(stdout.isTTY ? breakLines(sentence, stdout.columns) : [sentence]));
}
