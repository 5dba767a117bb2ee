import { installLine } from "../http/graphqlPackages.ts";
import type { CommandDatabase } from "./database.ts";

/** What a running `ratchet up` has to show. */
export interface UpFacts {
  /** A context's `command`. */
  readonly command: string;
  readonly concurrency: number;
  readonly database: Pick<CommandDatabase, "url" | "embeddedIn">;
  readonly logFile: string;
  /** Null without the packages of GraphQL. */
  readonly serverUrl: string | null;
  /** Whether the server answers without a token. */
  readonly isOpen: boolean;
  /** Null without the sample. */
  readonly marketplaceUrl: string | null;
}

/** Where to look and what to try next, one line each. */
export function whereToLook({
  command,
  concurrency,
  database,
  logFile,
  serverUrl,
  isOpen,
  marketplaceUrl,
}: UpFacts): string[] {
  const add =
    marketplaceUrl === null
      ? "add IDENTIFIER --payload '{…}' --watch"
      : "add publish_listing --payload-file examples/products/jacket.json --watch";
  return [
    "",
    `Running jobs, ${concurrency} at a time, until Ctrl-C. Where to look:`,
    `  jobs         ${command} jobs`,
    ...(serverUrl === null
      ? [`  GraphQL      off; for it: ${installLine()}`]
      : [
          `  dashboard    ${serverUrl}${isOpen ? " (asks for no token)" : ""}`,
          `  GraphQL      ${serverUrl}/ruru (in a browser), ${serverUrl}/graphql`,
        ]),
    ...(database.embeddedIn === null
      ? []
      : [`  psql         psql ${database.url}`, `  data         ${database.embeddedIn}`]),
    ...(marketplaceUrl === null ? [] : [`  marketplace  ${marketplaceUrl}`]),
    `  log          ${logFile}`,
    `  your own     ${command} ${add}`,
  ];
}
