/** What websockets may do; documented in docs/graphql.md. */
export interface SocketLimits {
  /** Connections at once. */
  readonly connections: number;
  /** Connections at once that have not said who they are. */
  readonly newConnections: number;
  /** Connections at once of one caller (tenant and subject). */
  readonly connectionsOfCaller: number;
  /** How long a connection may take to say who it is, in ms. */
  readonly initTimeoutMs: number;
  /** Subscriptions, and queries that are being answered, of one connection. */
  readonly operations: number;
  /** The same of all connections of one caller. */
  readonly operationsOfCaller: number;
  /** Messages that one connection may send within a second, on the average. */
  readonly messagesPerSecond: number;
  /** Messages at once after a while of silence. */
  readonly messagesAtOnce: number;
  /** Length of a message. */
  readonly messageBytes: number;
  /** How long a message may take to leave, in ms: a client that reads more slowly is told to come again. */
  readonly sendTimeoutMs: number;
  /** What may wait to be sent on a connection. */
  readonly unsentBytes: number;
  /** How often a connection is asked whether somebody is there, in ms. One that has not answered by the next time is ended. */
  readonly pingMs: number;
}

/** The limits of a server, unless a test sets others. */
export const SOCKET_LIMITS: SocketLimits = {
  connections: 5000,
  newConnections: 500,
  connectionsOfCaller: 1000,
  initTimeoutMs: 5000,
  operations: 100,
  operationsOfCaller: 2000,
  messagesPerSecond: 50,
  messagesAtOnce: 200,
  messageBytes: 100_000,
  sendTimeoutMs: 10_000,
  unsentBytes: 8_000_000,
  pingMs: 12_000,
};
