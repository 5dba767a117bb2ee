import "postgraphile";

/** Lets a table's `id` be `id`, and calls GraphQL's own identifier of an object `nodeId`; Amber takes `id` for that. */
export const NamesPlugin: GraphileConfig.Plugin = {
  name: "RatchetNamesPlugin",
  version: "1.0.0",
  inflection: {
    replace: {
      _attributeName: (previous, _options, details) =>
        previous?.({ ...details, skipRowId: true }) ?? details.attributeName,
      nodeIdFieldName: () => "nodeId",
    },
  },
};
