/** A task template as a definition holds it. */
export interface Template {
  readonly key: string;
  readonly title: string;
  /** A strict jsonpath whose matches become one task each; null: one task. */
  readonly each: string | null;
}

/** What a template becomes. */
export interface PreviewedTasks {
  readonly template: Template;
  /** Names of its tasks; null if only the database can say. */
  readonly names: readonly string[] | null;
}

const STEP = /^(?:\."(?<quoted>[^"\\]+)"|\.(?<plain>[A-Za-z_]\w*)|(?<all>\[\*\]))/v;

/** The plan that a payload would get. Paths with conditions are left to the database. */
export function previewPlan(templates: readonly Template[], payload: unknown): PreviewedTasks[] {
  return templates.map((template) => {
    if (template.each === null) {
      return { template, names: [template.title] };
    }
    const matches = matchesOf(template.each, payload);
    const total = String(matches?.length ?? 0);
    return {
      template,
      names:
        matches?.map((_, index) => template.title.replaceAll("{n}", String(index + 1)).replaceAll("{total}", total)) ??
        null,
    };
  });
}

function matchesOf(path: string, payload: unknown): unknown[] | null {
  let rest = path.trim().replace(/^strict\s+/v, "");
  if (!rest.startsWith("$")) {
    return null;
  }
  rest = rest.slice(1);
  let values: unknown[] = [payload];
  while (rest !== "") {
    const step = STEP.exec(rest);
    if (step === null) {
      return null;
    }
    rest = rest.slice(step[0].length);
    const name = step.groups?.["quoted"] ?? step.groups?.["plain"];
    values =
      name === undefined
        ? values.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : []))
        : values.flatMap((value) => fieldOf(value, name));
  }
  return values;
}

function fieldOf(value: unknown, name: string): unknown[] {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? [(value as Record<string, unknown>)[name]]
    : [];
}
