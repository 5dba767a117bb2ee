/**
 * What Postgres or its driver said, out of the error that a library made of it: Drizzle hangs it on as `cause`, Prisma on
 * `meta.driverAdapterError`. Their own texts may quote the statement's values. What says nothing of Postgres comes back as it is.
 */
export function driverError(error: unknown): unknown {
  let found: unknown = error;
  const seen = new Set<unknown>();
  for (let inner = insideOf(error); isObject(inner) && !seen.has(inner); inner = insideOf(inner)) {
    seen.add(inner);
    if (typeof inner["code"] === "string" && typeof inner["message"] === "string") {
      found = inner;
    }
  }
  return found instanceof Error || !isObject(found) ? found : asError(found);
}

function insideOf(error: unknown): unknown {
  if (!isObject(error)) {
    return undefined;
  }
  const { cause, meta } = error;
  return isObject(meta) && "driverAdapterError" in meta ? meta["driverAdapterError"] : cause;
}

/** Prisma keeps the facts in an object that is no Error. */
function asError({ message, code, severity, detail, hint }: Record<string, unknown>): Error {
  return Object.assign(new Error(String(message)), { code, severity, detail, hint });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
