import "postgraphile";
import { GraphQLError, Kind, type ValueNode } from "postgraphile/graphql";

/** Takes `job(id: 7)` as well as `job(id: "7")`; answers are strings always, since JavaScript's numbers are too short. */
export const BigIntPlugin: GraphileConfig.Plugin = {
  name: "RatchetBigIntPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLScalarType: (scalar) =>
        scalar.name === "BigInt"
          ? {
              ...scalar,
              description:
                "A whole number of up to eight bytes. Answers hold it as a string, because it may be too long for a number of JavaScript; arguments may be a string or a whole number.",
              parseValue: toDigits,
              parseLiteral: (node: ValueNode) =>
                node.kind === Kind.INT || node.kind === Kind.STRING ? toDigits(node.value) : toDigits(null),
            }
          : scalar,
    },
  },
};

function toDigits(value: unknown): string {
  if (Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d{1,19}$/v.test(value))) {
    return String(value);
  }
  throw new GraphQLError('A BigInt is a whole number, written as 42 or "42".');
}
