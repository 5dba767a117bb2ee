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
  isLeafType,
  isObjectType,
} from "postgraphile/graphql";
import { RatchetError } from "../errors/ratchetError.ts";
import { type FilterCost, NO_FILTER, add, filterCostOf, noteFilterCost } from "./filterCost.ts";
import { toGraphqlExtensions } from "./maskError.ts";
import { LIMITS } from "./limits.ts";

/** Refuses queries that are nested too deeply or ask for too much at once, before anything is read. */
export const ShapeLimitPlugin: GraphileConfig.Plugin = {
  name: "RatchetShapeLimitPlugin",
  version: "1.0.0",
  grafserv: {
    middleware: {
      setPreset(next, event) {
        event.validationRules.push(shapeRule, namesRule);
        return next();
      },
    },
  },
};

/** How far a selection reaches down, in fields and in lists, how many fields it has itself, and how many altogether. */
interface Shape {
  readonly depth: number;
  readonly lists: number;
  readonly own: number;
  readonly fields: number;
  readonly filters: FilterCost;
  /** Types of the objects in it. */
  readonly types: ReadonlySet<string>;
  /** One of them that is inside itself. */
  readonly recurring: string | null;
}

const NO_TYPES: ReadonlySet<string> = new Set();
const NOTHING: Shape = {
  depth: 0,
  lists: 0,
  own: 0,
  fields: 0,
  filters: NO_FILTER,
  types: NO_TYPES,
  recurring: null,
};

const shapeRule: ValidationRule = (context) => {
  const measure = createMeasure(context);
  return {
    OperationDefinition(operation) {
      const root = context.getSchema().getRootType(operation.operation);
      if (root === undefined || root === null) {
        const error = new RatchetError("RT006", `This API has no ${operation.operation}.`, {
          hint: "Change jobs with the command `ratchet`, the TypeScript client or SQL.",
        });
        context.reportError(
          new GraphQLError(error.message, { nodes: [operation], extensions: toGraphqlExtensions(error) }),
        );
        return;
      }
      const { depth, lists, own, fields, filters, recurring } = measure(operation.selectionSet, root);
      noteFilterCost(operation, filters);
      const found = [
        ...over("fields inside fields", depth, LIMITS.depth),
        ...over("lists inside lists", lists, LIMITS.nestedLists),
        ...over("fields at the top", own, LIMITS.rootFields),
        ...over("fields altogether", fields, LIMITS.fields),
        // Its tasks, the job of each and so on: Postgres would write each row of it as often as there are ways to it.
        ...(recurring === null ? [] : [`a ${recurring} inside a ${recurring}`]),
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

/** Rows are read once, but each name of a field has them written into the answer once more. */
const namesRule: ValidationRule = (context) => {
  const namesOfFields = new Map<string, Set<string>>();
  return {
    Field(node) {
      const field = context.getFieldDef();
      const parent = context.getParentType();
      if (field === null || field === undefined || !parent || !isLeafType(getNamedType(field.type))) {
        return;
      }
      const place = `${parent.name}.${field.name}`;
      const names = namesOfFields.get(place) ?? new Set();
      namesOfFields.set(place, names.add(node.alias?.value ?? node.name.value));
      if (names.size === LIMITS.namesOfField + 1 && !field.name.startsWith("__")) {
        const error = new RatchetError("RT132", `The query has more than ${LIMITS.namesOfField} names for ${place}.`);
        context.reportError(new GraphQLError(error.message, { nodes: [node], extensions: toGraphqlExtensions(error) }));
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
  // A fragment is measured once: forty that each spread the next one twice make a thousand billion, which Grafast would plan
  // one by one. One inside itself counts nothing here and is refused by another rule.
  const known = new Map<string, Shape>();

  function measure(selectionSet: SelectionSetNode, type: GraphQLNamedType | null | undefined): Shape {
    let whole = NOTHING;
    for (const selection of selectionSet.selections) {
      const { depth, lists, own, fields, filters, types, recurring } = measureOne(selection, type);
      whole = {
        depth: Math.max(whole.depth, depth),
        lists: Math.max(whole.lists, lists),
        own: whole.own + own,
        fields: whole.fields + fields,
        filters: add(whole.filters, filters),
        types: types.size === 0 ? whole.types : new Set([...whole.types, ...types]),
        recurring: whole.recurring ?? recurring,
      };
    }
    return whole;
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
      const shape = measureFragment(selection.name.value);
      // A spread is work even of a fragment without a field.
      return { ...shape, fields: shape.fields + 1 };
    }
    // Tools ask for the schema in deeply nested queries; it costs no statement.
    if (selection.name.value.startsWith("__")) {
      return { ...NOTHING, own: 1 };
    }
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[selection.name.value] : undefined;
    const fieldType = field === undefined ? undefined : getNamedType(field.type);
    const inside = selection.selectionSet === undefined ? NOTHING : measure(selection.selectionSet, fieldType);
    const isList = fieldType?.name.endsWith("Connection") === true;
    const row = isObjectType(fieldType) && !isList ? fieldType.name : null;
    return {
      depth: inside.depth + 1,
      lists: inside.lists + (isList ? 1 : 0),
      own: 1,
      fields: inside.fields + 1,
      filters: add(filterCostOf(selection), inside.filters),
      types: row === null ? inside.types : new Set([...inside.types, row]),
      recurring: inside.recurring ?? (row !== null && inside.types.has(row) ? row : null),
    };
  }

  function measureFragment(name: string): Shape {
    const before = known.get(name);
    if (before !== undefined) {
      return before;
    }
    known.set(name, NOTHING);
    const fragment = context.getFragment(name);
    const shape =
      fragment === null || fragment === undefined
        ? NOTHING
        : measure(fragment.selectionSet, context.getSchema().getType(fragment.typeCondition.name.value));
    known.set(name, shape);
    return shape;
  }

  return measure;
}
