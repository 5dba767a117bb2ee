import { type FieldNode, Kind, type OperationDefinitionNode, type ValueNode } from "postgraphile/graphql";

/** What the filters of some fields are made of. */
export interface FilterCost {
  /** Conditions that are written out. */
  readonly conditions: number;
  /** How often each variable stands in a filter, by its name. */
  readonly variables: ReadonlyMap<string, number>;
}

/** A search for a text reads thousands of jobs: as many conditions as it counts for. */
const COST_OF_SEARCH = 25;

/** No filter at all. */
export const NO_FILTER: FilterCost = { conditions: 0, variables: new Map() };

/** What a field's own filter is made of. */
export function filterCostOf({ arguments: given = [] }: FieldNode): FilterCost {
  const filter = given.find(({ name }) => name.value === "filter");
  return filter === undefined ? NO_FILTER : costOfNode(filter.value);
}

/** What two of them are made of together. */
export function add(one: FilterCost, other: FilterCost): FilterCost {
  if (one === NO_FILTER || other === NO_FILTER) {
    return one === NO_FILTER ? other : one;
  }
  const variables = new Map(one.variables);
  for (const [name, uses] of other.variables) {
    variables.set(name, (variables.get(name) ?? 0) + uses);
  }
  return { conditions: one.conditions + other.conditions, variables };
}

const costs = new WeakMap<OperationDefinitionNode, FilterCost>();

/** Notes what was found in an operation; its variables come with each request. */
export function noteFilterCost(operation: OperationDefinitionNode, cost: FilterCost): void {
  costs.set(operation, cost);
}

/** How many conditions an operation's filters have with these variables. */
export function countConditions(
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const { conditions, variables: uses } = costs.get(operation) ?? NO_FILTER;
  let count = conditions;
  for (const [name, times] of uses) {
    count += times * countValues(variables[name]);
  }
  return count;
}

function costOfNode(node: ValueNode): FilterCost {
  if (node.kind === Kind.VARIABLE) {
    return { conditions: 0, variables: new Map([[node.name.value, 1]]) };
  }
  let inside: readonly ValueNode[] = [];
  let searches = 0;
  if (node.kind === Kind.LIST) {
    inside = node.values;
  } else if (node.kind === Kind.OBJECT) {
    inside = node.fields.map(({ value }) => value);
    searches = node.fields.filter(({ name }) => name.value === "search").length;
  }
  const conditions = inside.length + searches * (COST_OF_SEARCH - 1);
  let cost: FilterCost = { conditions, variables: NO_FILTER.variables };
  for (const value of inside) {
    cost = add(cost, costOfNode(value));
  }
  return cost;
}

/** Without recursion, which a value that is nested 40,000 times would bring down. */
function countValues(value: unknown): number {
  let count = 0;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === "object" && next !== null) {
      const inside: unknown[] = Object.values(next);
      count += inside.length + (Object.hasOwn(next, "search") ? COST_OF_SEARCH - 1 : 0);
      left.push(...inside);
    }
  }
  return count;
}
