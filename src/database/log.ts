/** Writes one line: fields as values, constant text as the message. The shape of pino's log methods. */
export type LogLine = (fields: object, message: string) => void;

/** The part of a pino logger that the database layer uses; a pino `Logger` fits. */
export interface DatabaseLog {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

const ignore: LogLine = () => {};

/** For callers that want no lines. */
export const silentLog: DatabaseLog = { debug: ignore, info: ignore, warn: ignore, error: ignore };
