/** A field of a form that a payload's JSON Schema describes. */
export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly hint: string | null;
  readonly isRequired: boolean;
  readonly kind: "text" | "number" | "integer" | "boolean" | "choice" | "list";
  /** Of a choice. */
  readonly choices: readonly string[];
}

interface SchemaNode {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: SchemaNode;
}

/** The fields of a form; null if the schema has parts that a form of ours cannot hold, for which JSON is typed. */
export function fieldsOf(schema: unknown): FormField[] | null {
  const { type, properties, required = [] } = (schema ?? {}) as SchemaNode;
  if (type !== "object" || properties === undefined) {
    return null;
  }
  const fields: FormField[] = [];
  for (const [name, node] of Object.entries(properties)) {
    const kind = kindOf(node);
    if (kind === null) {
      return null;
    }
    fields.push({
      name,
      kind,
      label: typeof node.title === "string" ? node.title : name,
      hint: typeof node.description === "string" ? node.description : null,
      isRequired: required.includes(name),
      choices: kind === "choice" ? (node.enum as readonly string[]) : [],
    });
  }
  return fields;
}

function kindOf(node: SchemaNode): FormField["kind"] | null {
  if (node.enum !== undefined) {
    return node.enum.every((choice) => typeof choice === "string") ? "choice" : null;
  }
  switch (node.type) {
    case "string":
      return "text";
    case "number":
    case "integer":
    case "boolean":
      return node.type;
    case "array":
      return node.items?.type === "string" ? "list" : null;
    default:
      return null;
  }
}

/** The payload with one field set from what was typed; an empty text takes the field out. */
export function withField(
  payload: Readonly<Record<string, unknown>>,
  { name, kind }: FormField,
  typed: string | boolean,
): Record<string, unknown> {
  const { [name]: _before, ...others } = payload;
  if (typed === "") {
    return others;
  }
  return { ...payload, [name]: valueOf(kind, typed) };
}

function valueOf(kind: FormField["kind"], typed: string | boolean): unknown {
  if (typeof typed === "boolean") {
    return typed;
  }
  if (kind === "list") {
    return typed.split("\n").filter((line) => line.trim() !== "");
  }
  // What is no number goes as it is, and the server says so.
  return (kind === "number" || kind === "integer") && Number.isFinite(Number(typed)) ? Number(typed) : typed;
}

/** How a value stands in its field. */
export function typedOf(value: unknown): string {
  if (value === undefined || value === null) {
    return "";
  }
  if (Array.isArray(value)) {
    return value.map(typedOf).join("\n");
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
