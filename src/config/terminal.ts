/** What the environment says about colours; `NO_COLOR` (any text) wins over `FORCE_COLOR`, as on no-color.org. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if ((environment["NO_COLOR"] ?? "") !== "" || environment["TERM"] === "dumb") {
    return false;
  }
  const forced = environment["FORCE_COLOR"];
  return forced !== undefined && forced !== "0" ? true : stream.isTTY === true;
}

/** Whether output on `stream` can be redrawn in place. */
export function canRedraw(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && environment["TERM"] !== "dumb";
}
