import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { type JsonObject, widenJsonSchema } from "./jsonSchema.ts";
import { zodOptions } from "./zodJsonSchema.ts";

/** A schema is read again whenever a form is shown or a payload is checked. */
const LARGEST_SCHEMA_CHARACTERS = 256 * 1024;

/**
 * The JSON Schema (draft 2020-12) of what may be queued, by Standard JSON Schema: zod from 4.2 on and arktype from 2.1.28 on
 * have it, valibot as `toStandardJsonSchema` of its own package. It may accept what the validator refuses, never the other way
 * round: transforms, dates and whatever else JSON Schema cannot say are open in it, and the worker validates every payload again.
 * `null` if the validator has none to give, or one of over 256 Ki characters. Never throws.
 */
export function jsonSchemaOf(schema?: StandardSchemaV1): object | null {
  const standard = schema?.["~standard"];
  if (standard === undefined || !hasJsonSchema(standard)) {
    return null;
  }
  const isZod = standard.vendor === "zod";
  const { options, hasSeen } = zodOptions();
  try {
    const given = standard.jsonSchema.input({
      target: "draft-2020-12",
      ...(isZod && { libraryOptions: options }),
    });
    if (isZod && !hasSeen()) {
      return null;
    }
    const text = JSON.stringify(given);
    if (text.length > LARGEST_SCHEMA_CHARACTERS) {
      return null;
    }
    // Other validators do not tell which flags a pattern has lost; arktype counts lengths as JavaScript does.
    return widenJsonSchema(JSON.parse(text) as JsonObject, { isExact: isZod });
  } catch {
    return null;
  }
}

function hasJsonSchema(standard: object): standard is StandardJSONSchemaV1.Props {
  const converter: unknown = Reflect.get(standard, "jsonSchema");
  return typeof converter === "object" && converter !== null && typeof Reflect.get(converter, "input") === "function";
}
