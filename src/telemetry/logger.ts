import { type DestinationStream, type Logger, pino } from "pino";

/** What {@link createLogger} takes. */
export interface LoggerOptions {
  /** pino's levels: trace, debug, info, warn, error, fatal, silent. Default info. */
  readonly level?: string | undefined;
  /** Default: standard output. */
  readonly destination?: DestinationStream | undefined;
}

/** Creates the root logger: one JSON object a line, payloads, results and connection strings blackened. */
export function createLogger({ level = "info", destination }: LoggerOptions = {}): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          "payload",
          "*.payload",
          "result",
          "*.result",
          "input",
          "*.input",
          "connectionString",
          "*.connectionString",
          "password",
          "*.password",
        ],
        censor: "[redacted]",
      },
    },
    ...(destination === undefined ? [] : [destination]),
  );
}
