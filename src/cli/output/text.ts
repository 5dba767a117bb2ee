// Pictographs that terminals draw two cells wide, and the East Asian wide and full-width blocks (UAX #11, in the main).
const WIDE =
  /^[\p{Emoji_Presentation}\u{1100}-\u{115F}\u{2E80}-\u{303E}\u{3041}-\u{33FF}\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{A000}-\u{A4CF}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE30}-\u{FE6F}\u{FF00}-\u{FF60}\u{FFE0}-\u{FFE6}\u{20000}-\u{3FFFD}]/v;
const PLAIN_ASCII = /^[ -~]*$/v;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many terminal cells `text` takes; it must hold no control characters. */
export function textWidth(text: string): number {
  if (PLAIN_ASCII.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const { segment } of graphemes.segment(text)) {
    width += graphemeWidth(segment);
  }
  return width;
}

/** `text` cut to `width` cells, its last one an ellipsis if something was cut. */
export function truncate(text: string, width: number): string {
  if (textWidth(text) <= width) {
    return text;
  }
  let kept = "";
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    const next = graphemeWidth(segment);
    if (used + next > width - 1) {
      break;
    }
    kept += segment;
    used += next;
  }
  return width > 0 ? `${kept}…` : "";
}

/** `text` broken between words into at most `most` lines of `width` cells; what is left over is cut off the last one. */
export function wrap(text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  for (const word of oneLine(text).split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && (lines.length === most || textWidth(last) + 1 + textWidth(word) <= width)) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else if (word !== "") {
      lines.push(word);
    }
  }
  return lines.map((line) => truncate(line, width));
}

/** `text` broken between words into lines of `width` cells; a longer word has a line of its own, uncut. */
export function breakLines(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && textWidth(last) + 1 + textWidth(word) <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

/** `text` filled with spaces to `width` cells, on the right unless `align` says otherwise. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const fill = " ".repeat(Math.max(0, width - textWidth(text)));
  return align === "left" ? text + fill : fill + text;
}

/** `1 task`, `2 tasks`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** One line without control characters, so that a task's name or an error's text cannot steer the terminal. */
export function oneLine(text: string): string {
  return withoutControls(text.replaceAll(/\s+/gv, " ")).trim();
}

/** `text` with a mark in place of each control character. */
export function withoutControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gv, (character) => (character === "\u200D" ? character : "�"));
}

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) || grapheme.includes("\uFE0F") ? 2 : 1;
}
