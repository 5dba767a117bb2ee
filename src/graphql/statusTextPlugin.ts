import "postgraphile";

/** A value's name, a colon and its sentences, up to the next value's name. */
const VALUE_IN_COMMENT = /(?<name>[A-Z]+): (?<text>.+?)(?= [A-Z]+: |$)/gv;

/** Gives each status the part of its type's comment that is about it. */
export const StatusTextPlugin: GraphileConfig.Plugin = {
  name: "RatchetStatusTextPlugin",
  version: "1.0.0",
  schema: {
    hooks: {
      GraphQLEnumType_values(values, _build, { scope: { pgCodec } }) {
        const texts = new Map(
          [...(pgCodec?.description ?? "").matchAll(VALUE_IN_COMMENT)].map(({ groups }) => [
            groups?.["name"],
            groups?.["text"],
          ]),
        );
        return Object.fromEntries(
          Object.entries(values).map(([name, value]) => {
            const description = texts.get(name);
            return [name, description === undefined ? value : { ...value, description }];
          }),
        );
      },
    },
  },
};
