import { styleText } from "node:util";

/** How a piece of output is meant; a terminal without colours shows the text alone. */
export type Tone = "plain" | "faint" | "strong" | "good" | "bad" | "busy" | "odd";

/** Dresses `text` in a tone. */
export type Paint = (tone: Tone, text: string) => string;

const FORMATS = {
  faint: "dim",
  strong: "bold",
  good: "green",
  bad: "red",
  busy: "cyan",
  odd: "yellow",
} as const;

/** With `colour` false the text comes back unchanged. */
export function createPaint(colour: boolean): Paint {
  return (tone, text) => {
    if (!colour || tone === "plain" || text === "") {
      return text;
    }
    // Whether to use colours was decided before; styleText would look at process.stdout again.
    return styleText(FORMATS[tone], text, { validateStream: false });
  };
}
