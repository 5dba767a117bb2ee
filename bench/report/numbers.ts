/** Three significant digits, thousands apart: `38,300`, `412`, `8.14`, `0.0161`. */
export function short(figure: number): string {
  if (figure === 0) {
    return "0";
  }
  const rounded = Number(figure.toPrecision(3));
  return Math.abs(rounded) >= 1000 ? rounded.toLocaleString("en") : String(rounded);
}

/** `12.4 ×`, or `0.83 ×`. */
export function times(ratio: number): string {
  return `${short(ratio)} ×`;
}
