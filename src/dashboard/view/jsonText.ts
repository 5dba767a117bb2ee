// Texts are stepped over whole, so that digits in them do not count.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+\-]?\d+)?/gv;

/** What is wrong with a JSON text that was typed; null if nothing is. */
export function jsonProblem(text: string): string | null {
  try {
    JSON.parse(text);
  } catch (error) {
    return `This is no JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}.`;
  }
  const [lost] = inexactNumbers(text);
  return lost === undefined
    ? null
    : `${lost} has more digits than a number of JSON keeps here: it would become ${String(Number(lost))}. Write it as a text, in quotes.`;
}

/** The numbers of a JSON text that reading would change. */
function inexactNumbers(text: string): string[] {
  return (text.match(TOKEN) ?? []).filter((token) => !token.startsWith('"') && !isExact(token));
}

/** Whether a number is kept as it was typed, but for the way it is written. */
export function isExact(typed: string): boolean {
  const value = Number(typed);
  return Number.isFinite(value) && digitsOf(typed) === digitsOf(String(value));
}

/** The digits that count: `12.50` and `1.25e1` have the same. */
function digitsOf(number: string): string {
  const [mantissa = ""] = number.toLowerCase().split("e");
  return mantissa.replaceAll(/[^\d]/gv, "").replace(/^0+/v, "").replace(/0+$/v, "");
}
