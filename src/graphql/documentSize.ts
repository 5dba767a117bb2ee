import { Lexer, Source, TokenKind } from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { LIMITS } from "./limits.ts";

const OPENING: ReadonlySet<string> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING: ReadonlySet<string> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Why a query is not even parsed; undefined if it may be, or if it is none, which the parser says better. The parser nests as
 * the query does, and what it has made is kept for the next request with the same text.
 */
export function problemOfSize(query: string): RatchetError | undefined {
  const lexer = new Lexer(new Source(query));
  let count = 0;
  let depth = 0;
  try {
    for (let { kind } = lexer.advance(); kind !== TokenKind.EOF; { kind } = lexer.advance()) {
      count += 1;
      depth += (OPENING.has(kind) ? 1 : 0) - (CLOSING.has(kind) ? 1 : 0);
      if (count > LIMITS.words || depth > LIMITS.brackets) {
        break;
      }
    }
  } catch {
    return undefined;
  }
  if (count > LIMITS.words) {
    return tooLarge(`The query has more than ${LIMITS.words} words and signs.`);
  }
  return depth > LIMITS.brackets
    ? tooLarge(`The query has more than ${LIMITS.brackets} brackets inside brackets.`)
    : undefined;
}

function tooLarge(message: string): RatchetError {
  return new RatchetError("RT132", message, { hint: "Ask for less in one request, and pass values as variables." });
}
