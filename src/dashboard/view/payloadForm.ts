import { isExact } from "./jsonText.ts";

/** What a field holds, and so how it is filled in. */
export type Shape =
  | { readonly kind: "text" | "number" | "integer" | "boolean" }
  /** One of these values. */
  | { readonly kind: "choice"; readonly choices: readonly unknown[] }
  /** Texts, one a line. */
  | { readonly kind: "lines" }
  | { readonly kind: "items"; readonly item: Shape }
  | { readonly kind: "object"; readonly fields: readonly FormField[] }
  /** Whatever no field of ours can hold: typed as JSON. */
  | { readonly kind: "json" };

/** A field of a form that a payload's JSON Schema describes. */
export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly hint: string | null;
  readonly isRequired: boolean;
  /** Whether null is a value of it. */
  readonly isNullable: boolean;
  /** What it holds at first; undefined: nothing. */
  readonly start: unknown;
  readonly shape: Shape;
}

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

interface SchemaNode {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly oneOf?: readonly SchemaNode[];
}

/** A schema may refer to itself. */
const DEEPEST = 5;

/** The fields of a form; null if the schema names none, for which JSON is typed. */
export function fieldsOf(schema: unknown): readonly FormField[] | null {
  if (typeof schema !== "object" || schema === null) {
    return null;
  }
  const shape = shapeOf(schema, schema, 0);
  return shape.kind === "object" ? shape.fields : null;
}

/** The payload that a form begins with: the defaults. */
export function startOf(fields: readonly FormField[]): JsonObject {
  return Object.fromEntries(
    fields.map((field) => [field.name, startOfField(field)] as const).filter(([, value]) => value !== undefined),
  );
}

function startOfField({ start, shape, isRequired }: FormField): unknown {
  if (start !== undefined) {
    return start;
  }
  return shape.kind === "object" && isRequired ? startOf(shape.fields) : undefined;
}

/** An object with one field set; undefined takes it out. */
export function withValue(object: JsonObject, name: string, value?: unknown): JsonObject {
  const { [name]: _before, ...others } = object;
  return value === undefined ? others : { ...object, [name]: value };
}

function shapeOf(node: SchemaNode, root: SchemaNode, depth: number): Shape {
  const { inner } = withoutNull(resolved(node, root));
  const choices = choicesOf(inner);
  if (choices !== null) {
    return { kind: "choice", choices };
  }
  switch (inner.type) {
    case "string":
      return { kind: "text" };
    case "number":
    case "integer":
    case "boolean":
      return { kind: inner.type };
    case "array":
      return listOf(inner, root, depth);
    case "object":
      return inner.properties === undefined || depth >= DEEPEST
        ? { kind: "json" }
        : { kind: "object", fields: fieldsOfObject(inner, root, depth) };
    default:
      return { kind: "json" };
  }
}

function fieldsOfObject({ properties = {}, required = [] }: SchemaNode, root: SchemaNode, depth: number): FormField[] {
  // jsonb does not keep the order of fields; that of the required ones stands in a list.
  const names = new Set([...required, ...Object.keys(properties)].filter((name) => Object.hasOwn(properties, name)));
  return Array.from(names, (name) => {
    const given = properties[name] ?? {};
    const node = resolved(given, root);
    const { inner, isNullable } = withoutNull(node);
    const title = node.title ?? inner.title;
    const description = node.description ?? inner.description;
    return {
      name,
      label: typeof title === "string" ? title : name,
      hint: typeof description === "string" ? description : null,
      isRequired: required.includes(name),
      isNullable,
      start: node.default ?? inner.const,
      shape: shapeOf(given, root, depth + 1),
    };
  });
}

function listOf({ items }: SchemaNode, root: SchemaNode, depth: number): Shape {
  if (items === undefined || depth >= DEEPEST) {
    return { kind: "json" };
  }
  const item = shapeOf(items, root, depth + 1);
  return item.kind === "text" ? { kind: "lines" } : { kind: "items", item };
}

function choicesOf(node: SchemaNode): readonly unknown[] | null {
  if (node.enum !== undefined) {
    return node.enum;
  }
  return node.const === undefined ? null : [node.const];
}

function resolved(node: SchemaNode, root: SchemaNode): SchemaNode {
  const path = node.$ref?.startsWith("#/") === true ? node.$ref.slice(2).split("/") : null;
  let found: unknown = root;
  for (const name of path ?? []) {
    found = (found as Readonly<Record<string, unknown>> | undefined)?.[
      name.replaceAll("~1", "/").replaceAll("~0", "~")
    ];
  }
  // What stands beside a reference overrules it.
  return path === null ? node : { ...(found as SchemaNode | undefined), ...node };
}

/** What is left of `type: [x, "null"]`, or of a choice between something and null. */
function withoutNull(node: SchemaNode): { readonly inner: SchemaNode; readonly isNullable: boolean } {
  const forms = node.anyOf ?? node.oneOf;
  if (forms?.length === 2) {
    const inner = forms.find(({ type }) => type !== "null");
    return forms.some(({ type }) => type === "null") && inner !== undefined
      ? { inner, isNullable: true }
      : { inner: node, isNullable: false };
  }
  if (Array.isArray(node.type) && node.type.includes("null")) {
    const types = node.type.filter((type) => type !== "null");
    return { inner: { ...node, type: types.length === 1 ? types[0] : types }, isNullable: true };
  }
  return { inner: node, isNullable: false };
}

/** The value of what was typed; undefined for nothing. What does not fit goes as it is, and the server says so. */
export function valueOf({ kind }: Shape, typed: string): unknown {
  if (typed === "") {
    return undefined;
  }
  if (kind === "lines") {
    return typed.split("\n").filter((line) => line.trim() !== "");
  }
  if (kind === "json") {
    return JSON.parse(typed) as unknown;
  }
  const isNumber = kind === "number" || kind === "integer";
  return isNumber && typed.trim() !== "" && isExact(typed.trim()) ? Number(typed) : typed;
}

/** How a value stands in its field. */
export function typedOf({ kind }: Shape, value?: unknown): string {
  if (value === undefined) {
    return "";
  }
  if (kind === "lines" && Array.isArray(value) && value.every((each) => typeof each === "string")) {
    return value.join("\n");
  }
  return typeof value === "string" && kind !== "json" ? value : JSON.stringify(value, null, 2);
}
