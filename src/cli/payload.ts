import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";

import { RatchetError } from "../errors/ratchetError.ts";
import { oneLine } from "./output/text.ts";

const READ_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "it is a folder",
};

/** Where a payload comes from: text on the command line, a file, or `-` for standard input. */
export interface PayloadSource {
  readonly payload?: string | undefined;
  readonly payloadFile?: string | undefined;
  readonly stdin: NodeJS.ReadableStream;
}

/**
 * Reads and checks a job's payload; neither option given means `{}`.
 *
 * @throws RatchetError RT110 if the file cannot be read or holds no JSON, RT002 if the JSON is no object.
 */
export async function readPayload(source: PayloadSource): Promise<Record<string, unknown>> {
  const { content, origin } = await readSource(source);
  let value: unknown;
  try {
    // A byte order mark is what some editors put first, and no JSON.
    value = JSON.parse(content.replace(/^\uFEFF/v, ""));
  } catch (error) {
    throw new RatchetError("RT110", `${origin} is not JSON: ${oneLine((error as Error).message)}.`, {
      hint:
        source.payload?.startsWith("@") === true
          ? `To read a file: --payload-file ${oneLine(source.payload.slice(1))}`
          : 'Write an object with quoted names, such as {"title": "Jacket"}; a shell needs \'…\' around it.',
      cause: error,
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RatchetError("RT002", `${origin} holds ${kindOf(value)}; a payload is a JSON object.`);
  }
  return value as Record<string, unknown>;
}

async function readSource({
  payload,
  payloadFile,
  stdin,
}: PayloadSource): Promise<{ content: string; origin: string }> {
  if (payload !== undefined) {
    return { content: payload, origin: "The payload" };
  }
  if (payloadFile === undefined) {
    return { content: "{}", origin: "The payload" };
  }
  if (payloadFile === "-") {
    return { content: await text(stdin), origin: "Standard input" };
  }
  try {
    return { content: await readFile(payloadFile, "utf8"), origin: `The file ${payloadFile}` };
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const reason = READ_PROBLEMS[code] ?? message;
    throw new RatchetError("RT110", `The payload file ${payloadFile} cannot be read: ${reason}.`, {
      hint: "Give the path of a JSON file, or - for standard input.",
      cause: error,
    });
  }
}

function kindOf(value: unknown): string {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value) ? "a list" : `a ${typeof value}`;
}
