/** What the engine must know of a handler's statements. */
export interface StatementTraits {
  /** The statement that would begin or end a transaction, as a person writes it; undefined if none can be recognised. */
  readonly control: string | undefined;
  /** Whether a setting is changed, such as the role, that Ratchet's own statements depend on. */
  readonly setsSettings: boolean;
  /** Whether it leaves a prepared statement in the session. */
  readonly prepares: boolean;
}

const PLAIN: StatementTraits = { control: undefined, setsSettings: false, prepares: false };

/** Reads one text of one or many statements. Never throws, whatever stands there. */
export function traitsOf(sql: string): StatementTraits {
  if (!TELLING_WORD.test(sql)) {
    return PLAIN;
  }
  const statements = [...statementsOf(sql)];
  return {
    control: statements.map(controlOf).find((control) => control !== undefined),
    setsSettings: statements.some(([first]) => first === "set" || first === "reset") || /\bset_config\b/iv.test(sql),
    prepares: statements.some(([first]) => first === "prepare"),
  };
}

// Most statements hold none of these words, and need not be read.
const TELLING_WORD = /\b(?:abort|begin|commit|discard|end|prepare|reset|rollback|set|set_config|start)\b/iv;

/** No statement needs more of its words to be told. */
const MOST_WORDS = 12;

const ALWAYS_CONTROL = new Map([
  ["abort", "ABORT"],
  ["begin", "BEGIN"],
  ["commit", "COMMIT"],
  ["end", "END"],
  ["start", "START TRANSACTION"],
]);

function controlOf([first = "", second, ...rest]: readonly string[]): string | undefined {
  if (first === "rollback") {
    return second === "to" || rest[0] === "to" ? undefined : "ROLLBACK";
  }
  if (first === "prepare" && second === "transaction") {
    return "PREPARE TRANSACTION";
  }
  if (first === "discard" && second === "all") {
    return "DISCARD ALL";
  }
  if (
    first === "set" &&
    second === "transaction" &&
    rest.some((word, n) => word === "read" && rest[n + 1] === "only")
  ) {
    // The task's end could not be written.
    return "SET TRANSACTION READ ONLY";
  }
  return ALWAYS_CONTROL.get(first);
}

// A quoted piece is taken whole; the rest is words, what separates statements, and what says where a piece begins.
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html
const PIECES = /--|\/\*|'|"|\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$|[;\(\)]|[\p{L}_][\p{L}\p{N}_$]*|\p{N}[\p{L}\p{N}_.]*/gv;

/** The first words of each statement, in small letters; comments, strings and quoted names are no words. */
function* statementsOf(sql: string): Generator<string[]> {
  let words: string[] = [];
  let depth = 0;
  let bodyDepth = 0;
  let lastWord = "";
  let from = 0;
  for (;;) {
    // The one expression is shared by all who read at the same time.
    PIECES.lastIndex = from;
    const found = PIECES.exec(sql);
    if (found === null) {
      break;
    }
    const [text] = found;
    from = PIECES.lastIndex;
    const end = endOfQuoted(sql, text, from, found.index);
    if (end !== undefined) {
      from = end;
      lastWord = "";
    } else if (text === "(" || text === ")") {
      depth = Math.max(0, depth + (text === "(" ? 1 : -1));
    } else if (text === ";") {
      // Those within a rule's parentheses or the body of a function in SQL's own syntax separate nothing.
      if (depth === 0 && bodyDepth === 0) {
        yield words;
        words = [];
      }
    } else {
      const word = text.toLowerCase();
      if (words[0] === "create") {
        bodyDepth += bodyStep(word, lastWord, bodyDepth);
      }
      if (words.length < MOST_WORDS) {
        words.push(word);
      }
      lastWord = word;
    }
  }
  yield words;
}

/** `create function … begin atomic …; case … end; … end` holds statements of its own. */
function bodyStep(word: string, before: string, depth: number): number {
  if (word === "atomic") {
    return before === "begin" ? 1 : 0;
  }
  if (depth === 0) {
    return 0;
  }
  if (word === "case") {
    return 1;
  }
  return word === "end" ? -1 : 0;
}

function endOfQuoted(sql: string, opening: string, from: number, openedAt: number): number | undefined {
  if (opening === "--") {
    return endAfter(sql, "\n", from);
  }
  if (opening === "/*") {
    return endOfComment(sql, from);
  }
  if (opening === '"') {
    return endAfter(sql, '"', from);
  }
  if (opening === "'") {
    // Two in a row stand for one, which ends here and begins again at the next piece; a backslash escapes after an E only.
    return /[Ee]/v.test(sql[openedAt - 1] ?? "") && !/[\p{L}\p{N}_$]/v.test(sql[openedAt - 2] ?? "")
      ? endOfEscaped(sql, from)
      : endAfter(sql, "'", from);
  }
  return opening.startsWith("$") ? endAfter(sql, opening, from) : undefined;
}

function endAfter(sql: string, closing: string, from: number): number {
  const at = sql.indexOf(closing, from);
  return at === -1 ? sql.length : at + closing.length;
}

function endOfEscaped(sql: string, from: number): number {
  for (let at = from; at < sql.length; at++) {
    if (sql[at] === "\\") {
      at++;
    } else if (sql[at] === "'") {
      return at + 1;
    }
  }
  return sql.length;
}

/** Comments hold comments. */
function endOfComment(sql: string, from: number): number {
  const border = /\/\*|\*\//gv;
  border.lastIndex = from;
  let depth = 1;
  for (let found = border.exec(sql); found !== null; found = border.exec(sql)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) {
      return border.lastIndex;
    }
  }
  return sql.length;
}
