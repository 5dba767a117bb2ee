// Stay in the declarations, and bring what they add to the namespace GraphileConfig to whoever imports the preset.
import "postgraphile";
import "postgraphile/grafserv";

import type { Logger } from "pino";
import { type Config, resolveConfig } from "../config/config.ts";
import { createLogger } from "../telemetry/logger.ts";
import { type TokenVerifier, createTokenVerifier } from "./authentication/tokenVerifier.ts";
import { createGraphqlPreset } from "./preset.ts";

let config: Config | undefined;
let log: Logger | undefined;

function getConfig(): Config {
  config ??= resolveConfig();
  return config;
}

function getLog(): Logger {
  log ??= createLogger({ level: getConfig().logLevel });
  return log;
}

let verifying: Promise<TokenVerifier> | undefined;

function getVerifier(): Promise<TokenVerifier> | null {
  const { tokens } = getConfig();
  if (tokens === null) {
    return null;
  }
  verifying ??= createTokenVerifier(tokens, getLog());
  return verifying;
}

/**
 * Ratchet's GraphQL API for PostGraphile's own command and servers: `extends: [RatchetGraphqlPreset]` in
 * `graphile.config.ts`, then `npx postgraphile -c postgres://… -s ratchet`. Read-only. Needs the packages `postgraphile`,
 * `@graphile/simplify-inflection`, `postgraphile-plugin-connection-filter` and `graphql`.
 */
export const RatchetGraphqlPreset: GraphileConfig.Preset = createGraphqlPreset({
  getLog,
  getSchema: () => getConfig().schemas.ratchet,
  getVerifier,
  explore: () => getConfig().explore,
});
