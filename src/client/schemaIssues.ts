import type { ErrorObject } from "ajv";
import type { PayloadIssue } from "../errors/ratchetError.ts";

const MOST_ISSUES = 50;

/** What ajv found, place by place, in the words of a person and without the payload's values. */
export function schemaIssues(errors: readonly ErrorObject[], payload: unknown): PayloadIssue[] {
  const issues = withoutBranches(errors).map((error) => ({
    path: pathOf(error, payload),
    message: messageOf(error, errors),
  }));
  const different = new Map(issues.map((issue) => [`${issue.path}\n${issue.message}`, issue]));
  return [...different.values()].slice(0, MOST_ISSUES);
}

/** Of a choice between several forms: what is wrong with the form that was meant, if that can be told, else that none fits. */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const hidden = new Set<ErrorObject>();
  for (const choice of errors.filter(isChoice)) {
    const branches = branchesOf(choice, errors);
    const meant = branches.filter((branch) => !branch.some((error) => isOtherForm(error, choice)));
    const [onlyMeant = []] = meant.length === 1 ? meant : [];
    for (const error of branches.flat()) {
      if (!onlyMeant.includes(error)) {
        hidden.add(error);
      }
    }
    if (onlyMeant.length > 0) {
      hidden.add(choice);
    }
  }
  return errors.filter((error) => !hidden.has(error));
}

function isChoice({ keyword }: ErrorObject): boolean {
  return keyword === "anyOf" || keyword === "oneOf";
}

function branchesOf(choice: ErrorObject, errors: readonly ErrorObject[]): ErrorObject[][] {
  const prefix = `${choice.schemaPath}/`;
  const inside = errors.filter(({ schemaPath }) => schemaPath.startsWith(prefix));
  return Object.values(
    Object.groupBy(inside, ({ schemaPath }) => schemaPath.slice(prefix.length).split("/", 1)[0] ?? ""),
  ).map((branch) => branch ?? []);
}

/** Whether the payload says by its type or a fixed value that it has not this form. */
function isOtherForm(error: ErrorObject, choice: ErrorObject): boolean {
  return error.keyword === "const" || (error.keyword === "type" && error.instancePath === choice.instancePath);
}

function messageOf(error: ErrorObject, errors: readonly ErrorObject[]): string {
  const { keyword, params } = error;
  switch (keyword) {
    case "required":
      return "is missing";
    case "additionalProperties":
    case "unevaluatedProperties":
      return "is not known";
    case "type":
      return `must be ${[params["type"]].flat().join(" or ")}`;
    case "const":
      return `must be ${JSON.stringify(params["allowedValue"])}`;
    case "enum":
      return `must be one of ${JSON.stringify(params["allowedValues"])}`;
    case "pattern":
      return typeof error.parentSchema?.["format"] === "string"
        ? `must be a valid ${error.parentSchema["format"]}`
        : (error.message ?? "breaks the rule pattern");
    case "anyOf":
    case "oneOf":
      return formsOf(error, errors);
    default:
      return error.message ?? `breaks the rule ${keyword}`;
  }
}

function formsOf(choice: ErrorObject, errors: readonly ErrorObject[]): string {
  if (Array.isArray(choice.params["passingSchemas"])) {
    return "fits several of the forms that it may have, but must fit one";
  }
  const branches = branchesOf(choice, errors).flat();
  const areTypes = branches.every(
    ({ keyword, instancePath }) => keyword === "type" && instancePath === choice.instancePath,
  );
  const types = new Set(branches.flatMap(({ params }): unknown => params["type"]));
  return areTypes && types.size > 0 ? `must be ${[...types].join(" or ")}` : "fits none of the forms that it may have";
}

/** `images[2].url`; `payload` for the whole. */
function pathOf({ instancePath, keyword, params }: ErrorObject, payload: unknown): string {
  const steps = instancePath
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (keyword === "required") {
    steps.push(String(params["missingProperty"]));
  } else if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    steps.push(String(params["additionalProperty"] ?? params["unevaluatedProperty"]));
  }
  let path = "";
  let place = payload;
  for (const step of steps) {
    path += Array.isArray(place) ? `[${step}]` : `${path === "" ? "" : "."}${step}`;
    place = typeof place === "object" && place !== null ? Reflect.get(place, step) : undefined;
  }
  return path === "" ? "payload" : path;
}
