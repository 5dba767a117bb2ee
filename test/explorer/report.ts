import type { Counterexample, Exploration } from "./search.ts";

/** One line that says what an exploration saw. */
export function reportExploration(seen: Exploration, without?: string): string {
  const { scope, states, transitions, ends, mended, longestTrace, durationMs, counterexample, isCut } = seen;
  const verdict = counterexample === null ? "every promise held" : "A PROMISE WAS BROKEN";
  return (
    `${without === undefined ? "" : `without "${without}", `}scope "${scope}": ${states} states, ${transitions} transitions, ` +
    `${ends} ends (${mended} after the sweep), traces of up to ${longestTrace} steps, ` +
    `${(durationMs / 1000).toFixed(1)} s: ${verdict}${isCut ? " (cut off)" : ""}\n`
  );
}

/** The steps, one a line, with what they brought; `--replay` takes the same text. */
export function reportCounterexample({ trace, broken }: Counterexample): string {
  const lines = trace.map(({ name, answers }) => [name, ...answers.map((answer) => `    # ${answer}`)].join("\n"));
  return [...lines, ...broken.map((each) => `# BROKEN: ${each}`), ""].join("\n");
}

/** The names of the steps in a reported trace. */
export function stepsOf(text: string): string[] {
  return text.split("\n").flatMap((line) => (line === "" || line.trimStart().startsWith("#") ? [] : [line]));
}
