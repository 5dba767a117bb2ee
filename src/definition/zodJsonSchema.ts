import { type JsonObject, keepOnly, open } from "./jsonSchema.ts";

interface ZodCheck {
  readonly check?: string;
  readonly pattern?: RegExp;
}

interface ZodDefinition extends ZodCheck {
  readonly type: string;
  readonly coerce?: boolean;
  readonly in?: ZodSchema;
  readonly checks?: readonly { readonly _zod: { readonly def: ZodCheck } }[];
}

/** The part of a zod schema's inside that is looked at; zod 4 publishes it for libraries. */
interface ZodSchema {
  readonly _zod: { readonly def: ZodDefinition };
}

interface OverrideContext {
  readonly zodSchema: ZodSchema;
  readonly jsonSchema: JsonObject;
}

/** What is checked before a schema's own functions (`trim`, `overwrite` …) change the value. */
const CHECKED_FIRST = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "propertyNames",
  "items",
  "prefixItems",
]);

/** Of a pattern that means the same in Unicode mode without them. */
const HARMLESS_FLAGS = /^[dgu]*$/v;

/**
 * Options for zod's conversion to JSON Schema, which by itself gives the schema of what comes out of a coercion, a
 * preprocess or a catch, and of texts after they were trimmed.
 */
export function zodOptions(): { readonly options: Record<string, unknown>; readonly hasSeen: () => boolean } {
  let hasSeen = false;
  return {
    options: {
      unrepresentable: "any",
      override(context: OverrideContext) {
        hasSeen = true;
        widenZod(context);
      },
    },
    hasSeen: () => hasSeen,
  };
}

function widenZod({ zodSchema, jsonSchema }: OverrideContext): void {
  const definition = definitionOf(zodSchema);
  if (takesAnything(definition)) {
    open(jsonSchema);
    return;
  }
  const checks = [definition, ...(definition.checks ?? []).map((each) => definitionOf(each))];
  if (checks.some(({ check }) => check === "overwrite")) {
    keepOnly(jsonSchema, CHECKED_FIRST);
    if (jsonSchema["type"] === "integer") {
      jsonSchema["type"] = "number";
    }
  }
  if (checks.some(({ pattern }) => pattern !== undefined && !HARMLESS_FLAGS.test(pattern.flags))) {
    delete jsonSchema["pattern"];
    delete jsonSchema["allOf"];
  }
}

function takesAnything({ type, coerce, in: first }: ZodDefinition): boolean {
  return (
    coerce === true ||
    type === "catch" ||
    type === "success" ||
    type === "transform" ||
    (type === "pipe" && first !== undefined && takesAnything(definitionOf(first)))
  );
}

function definitionOf<Definition>(inside: { readonly _zod: { readonly def: Definition } }): Definition {
  // oxlint-disable-next-line no-underscore-dangle -- zod's name for it.
  return inside._zod.def;
}
