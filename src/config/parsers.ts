import { isAbsolute } from "node:path";

import { problemOfName } from "../database/schemaNames.ts";
import { type Duration, durationToMs } from "../definition/duration.ts";

// Each throws an Error whose message completes "<what was given> is <text>: ".

/** A duration as people write it, in ms; throws an Error with an example. */
export function parseDuration(text: string): number {
  const match = /^(?<amount>\d+(?:\.\d+)?) ?(?<unit>ms|s|min|h|d)$/v.exec(text.trim());
  if (match?.groups === undefined) {
    throw new Error('write a duration such as "500 ms", "10 s", "5 min" or "2 h"');
  }
  return durationToMs(`${match.groups["amount"]} ${match.groups["unit"]}` as Duration);
}

/** A whole number from `min` to `max`; throws an Error that says so. */
export function parseInteger(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^-?\d+$/v.test(text.trim()) || value < min || value > max) {
    throw new Error(`write a whole number from ${min} to ${max}`);
  }
  return value;
}

/** One of some texts. */
export function parseOneOf<const Choice extends string>(text: string, choices: readonly Choice[]): Choice {
  const found = choices.find((choice) => choice === text);
  if (found === undefined) {
    throw new Error(`write one of ${choices.join(", ")}`);
  }
  return found;
}

/** `true` or `false`. */
export function parseBoolean(text: string): boolean {
  return parseOneOf(text.trim().toLowerCase(), ["true", "false"]) === "true";
}

/** A URL that pg understands, or the folder of a Unix socket. */
export function parseDatabaseUrl(text: string): string {
  // A connection through a Unix socket has no host: postgres:///name?host=/var/run/postgresql, or just the folder.
  if (isAbsolute(text)) {
    return text;
  }
  if (
    !/^postgres(?:ql)?:\/\//v.test(text) ||
    !URL.canParse(text.replace(/^postgres(?:ql)?:/v, "http:").replace(/^http:\/\/\//v, "http://localhost/"))
  ) {
    throw new Error("write postgres://user:password@host:5432/database");
  }
  return text;
}

/** The name of a schema that Ratchet can use. */
export function parseSchemaName(text: string): string {
  const problem = problemOfName(text);
  if (problem !== undefined) {
    throw new Error(problem);
  }
  return text;
}

/** A secret that nobody finds by trying: RFC 7518 asks for as many bytes as the hash of HS256 has. */
export function parseSecret(text: string): string {
  if (Buffer.byteLength(text) < 32) {
    throw new Error("write at least 32 bytes, such as the output of `openssl rand -base64 32`");
  }
  return text;
}

/** An address that nobody on the way can answer for: https, or this machine. */
export function parseKeySetUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLocal = url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url?.protocol !== "https:" && !isLocal) {
    throw new Error("write an address that begins with https://");
  }
  return text;
}

/** Origins as browsers send them, one space between them. */
export function parseOrigins(text: string): string {
  const origins = text
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin !== "");
  for (const origin of origins) {
    if (!/^https?:\/\//v.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new Error(
        `write origins such as https://app.example or http://localhost:3000, without a path and without "*"; ${JSON.stringify(origin)} is none`,
      );
    }
  }
  return origins.join(" ");
}
