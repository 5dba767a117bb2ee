import type { StandardSchemaV1 } from "@standard-schema/spec";
import { RatchetError } from "../errors/ratchetError.ts";

const jsonPathBrand = Symbol.for("pg-ratchet.JsonPathSource");

/** Where a forEach takes its elements from, if not from a property of the payload. */
export interface JsonPathSource<Element> {
  readonly [jsonPathBrand]: true;
  /** A Postgres jsonpath in strict mode. */
  readonly path: string;
  readonly element: StandardSchemaV1<unknown, Element> | undefined;
}

/** Options of {@link jsonpath}. */
export interface JsonPathOptions<Schema extends StandardSchemaV1> {
  /**
   * A Postgres jsonpath over the payload as it was queued, one task per match, such as `$.order.lines[*]`. It is run in
   * strict mode, in which a missing or wrong place is an error and not an empty plan. `.**` is refused: its matches overlap.
   */
  readonly path: string;
  /** Validates each element; its output is the handler's `input`. Default: the element as it was queued, as `unknown`. */
  readonly element?: Schema | undefined;
}

/**
 * The source of a forEach whose elements are not simply an array property of the payload.
 * @throws {RatchetError} RT112 for a path that is not anchored at `$`, is lax or has `.**`. Its syntax is checked by
 * Postgres when the definition is registered.
 */
export function jsonpath<Schema extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>>(
  options: JsonPathOptions<Schema>,
): JsonPathSource<StandardSchemaV1.InferOutput<Schema>> {
  const source = {
    [jsonPathBrand]: true as const,
    path: `strict ${checkedPath(options.path)}`,
    // A Standard Schema's type parameters are phantom, so InferOutput cannot be related to them by the compiler.
    element: options.element as StandardSchemaV1<unknown, StandardSchemaV1.InferOutput<Schema>> | undefined,
  };
  return Object.freeze(source);
}

/** The jsonpath to the elements of an array that is a property of the payload. */
export function pathOfProperty(property: string): string {
  // jsonpath's quoted names use the escapes of JSON strings.
  return `strict $.${JSON.stringify(property)}[*]`;
}

/** Whether `value` came from {@link jsonpath}, of this or another copy of the package. */
export function isJsonPathSource(value: unknown): value is JsonPathSource<unknown> {
  return typeof value === "object" && value !== null && jsonPathBrand in value;
}

function checkedPath(path: string): string {
  const withoutMode = path.trim().replace(/^strict\s+/v, "");
  const withoutStrings = withoutMode.replaceAll(/"(?:[^"\\]|\\.)*"/gv, '""');
  if (!withoutMode.startsWith("$") || withoutStrings.includes("**")) {
    throw new RatchetError("RT112", `The jsonpath ${JSON.stringify(path)} cannot be the source of a forEach.`, {
      hint: 'Begin it with "$", leave out "lax", and name each level instead of using ".**", as in $.order.lines[*].',
    });
  }
  return withoutMode;
}
