import type { JsonValue } from "./json.ts";

/** A JSON Schema, or a part of one. */
export type JsonObject = Record<string, JsonValue>;

/** What says something about a value without refusing any. */
const ANNOTATIONS = new Set(["$schema", "title", "description", "default", "examples", "deprecated", "readOnly"]);

/** Keys under which schemas stand by name, one, or as a list. */
const MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
const SINGLES = new Set(["items", "additionalProperties", "contains", "unevaluatedProperties", "unevaluatedItems"]);
const LISTS = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);

/**
 * Takes out of a JSON Schema what may refuse a value that the validator behind it accepts.
 * @param schema is changed.
 * @param isExact whether patterns are known to have lost no flag, and lengths of texts to be counted in code points.
 * @throws {Error} if a text in it cannot be stored in Postgres.
 */
export function widenJsonSchema(schema: JsonObject, { isExact }: { readonly isExact: boolean }): JsonObject {
  demandStorable(schema);
  widen(schema, isExact);
  return schema;
}

/** Whether a schema refuses nothing. */
function isOpen(schema: JsonValue | undefined): boolean {
  if (schema === undefined || schema === true) {
    return true;
  }
  if (!isObject(schema)) {
    return false;
  }
  const { anyOf } = schema;
  return (
    Object.keys(schema).every((key) => ANNOTATIONS.has(key)) ||
    (Array.isArray(anyOf) &&
      anyOf.some((each) => isOpen(each)) &&
      Object.keys(schema).every((key) => key === "anyOf" || ANNOTATIONS.has(key)))
  );
}

/** Leaves nothing of a schema but what describes it. */
export function open(schema: JsonObject): void {
  keepOnly(schema, ANNOTATIONS);
}

/** Takes every other key out of a schema; what describes it stays. */
export function keepOnly(schema: JsonObject, keys: ReadonlySet<string>): void {
  for (const key of Object.keys(schema)) {
    if (!keys.has(key) && !ANNOTATIONS.has(key)) {
      Reflect.deleteProperty(schema, key);
    }
  }
}

function widen(schema: JsonValue | undefined, isExact: boolean): void {
  if (!isObject(schema)) {
    return;
  }
  for (const [key, value] of Object.entries(schema)) {
    if (MAPS.has(key) && isObject(value)) {
      for (const each of Object.values(value)) {
        widen(each, isExact);
      }
    } else if (SINGLES.has(key)) {
      widen(value, isExact);
    } else if (LISTS.has(key) && Array.isArray(value)) {
      for (const each of value) {
        widen(each, isExact);
      }
    }
  }
  widenKeywords(schema, isExact);
}

function widenKeywords(schema: JsonObject, isExact: boolean): void {
  const { pattern, minLength, oneOf, multipleOf, required, properties, not } = schema;
  if (pattern !== undefined && !(isExact && typeof pattern === "string" && isPattern(pattern))) {
    delete schema["pattern"];
  }
  // JSON Schema counts one for an emoji, JavaScript two.
  if (!isExact && typeof minLength === "number") {
    schema["minLength"] = Math.ceil(minLength / 2);
  }
  // One alternative that became wider may take what another one takes.
  if (oneOf !== undefined) {
    schema["anyOf"] ??= oneOf;
    delete schema["oneOf"];
  }
  // 0.3 is no multiple of 0.1 to whoever divides.
  if (!Number.isInteger(multipleOf ?? 1)) {
    delete schema["multipleOf"];
  }
  // What is wider inside is narrower outside.
  if (not !== undefined && !(isObject(not) && Object.keys(not).length === 0)) {
    delete schema["not"];
  }
  // Whatever takes everything may take nothing as well, such as a coerced text.
  if (Array.isArray(required) && isObject(properties)) {
    schema["required"] = required.filter((name) => typeof name === "string" && !isOpen(properties[name]));
  }
}

/** As JSON Schema reads it: in Unicode mode. */
function isPattern(pattern: string): boolean {
  try {
    // oxlint-disable-next-line require-unicode-regexp -- The mode that validators of JSON Schema use.
    return new RegExp(pattern, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

function demandStorable(value: JsonValue): void {
  if (typeof value === "string") {
    if (value.includes("\0") || !value.isWellFormed()) {
      throw new Error("Postgres cannot store this text");
    }
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      demandStorable(key);
      demandStorable(each);
    }
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
