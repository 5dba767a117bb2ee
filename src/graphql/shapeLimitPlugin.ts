import "postgraphile";
import "postgraphile/grafserv";
import {
  GraphQLError,
  type GraphQLNamedType,
  Kind,
  type SelectionSetNode,
  type ValidationContext,
  type ValidationRule,
  getNamedType,
  isInterfaceType,
  isObjectType,
} from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { toGraphqlExtensions } from "./maskError.ts";
import { LIMITS } from "./limits.ts";

/** Refuses queries that are nested too deeply or ask for too much at once, before anything is read. */
export const ShapeLimitPlugin: GraphileConfig.Plugin = {
  name: "RatchetShapeLimitPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.push(shapeRule);
        return next();
      },
    },
  },
};

/** How far a selection reaches down, in fields and in lists. */
interface Shape {
  readonly depth: number;
  readonly lists: number;
}

const shapeRule: ValidationRule = (context) => {
  const measure = createMeasure(context);
  return {
    OperationDefinition(operation) {
      const rootFields = operation.selectionSet.selections.length;
      const { depth, lists } = measure(operation.selectionSet, context.getSchema().getQueryType());
      const found = [
        ...over("fields inside fields", depth, LIMITS.depth),
        ...over("lists inside lists", lists, LIMITS.nestedLists),
        ...over("fields at the top", rootFields, LIMITS.rootFields),
      ];
      if (found.length > 0) {
        const error = new RatchetError("RT132", `The query has ${found.join(" and ")}.`);
        context.reportError(
          new GraphQLError(error.message, { nodes: [operation], extensions: toGraphqlExtensions(error) }),
        );
      }
    },
  };
};

function over(what: string, count: number, limit: number): string[] {
  return count > limit ? [`${count} ${what}, more than ${limit}`] : [];
}

function createMeasure(
  context: ValidationContext,
): (selections: SelectionSetNode, type: GraphQLNamedType | null | undefined) => Shape {
  // A fragment is measured once: spreading two in each of twenty would take a million steps. One inside itself counts nothing.
  const known = new Map<string, Shape>();

  function measure(selectionSet: SelectionSetNode, type: GraphQLNamedType | null | undefined): Shape {
    let deepest: Shape = { depth: 0, lists: 0 };
    for (const selection of selectionSet.selections) {
      const shape = measureOne(selection, type);
      deepest = { depth: Math.max(deepest.depth, shape.depth), lists: Math.max(deepest.lists, shape.lists) };
    }
    return deepest;
  }

  function measureOne(
    selection: SelectionSetNode["selections"][number],
    type: GraphQLNamedType | null | undefined,
  ): Shape {
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const name = selection.typeCondition?.name.value;
      return measure(selection.selectionSet, name === undefined ? type : context.getSchema().getType(name));
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      return measureFragment(selection.name.value);
    }
    // Tools ask for the schema in deeply nested queries; it costs no statement.
    if (selection.name.value.startsWith("__")) {
      return { depth: 0, lists: 0 };
    }
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[selection.name.value] : undefined;
    const fieldType = field === undefined ? undefined : getNamedType(field.type);
    const inside: Shape =
      selection.selectionSet === undefined ? { depth: 0, lists: 0 } : measure(selection.selectionSet, fieldType);
    const isList = fieldType?.name.endsWith("Connection") === true;
    return { depth: inside.depth + 1, lists: inside.lists + (isList ? 1 : 0) };
  }

  function measureFragment(name: string): Shape {
    const before = known.get(name);
    if (before !== undefined) {
      return before;
    }
    known.set(name, { depth: 0, lists: 0 });
    const fragment = context.getFragment(name);
    const shape =
      fragment === null || fragment === undefined
        ? { depth: 0, lists: 0 }
        : measure(fragment.selectionSet, context.getSchema().getType(fragment.typeCondition.name.value));
    known.set(name, shape);
    return shape;
  }

  return measure;
}
