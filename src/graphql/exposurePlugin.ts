import "postgraphile";
import { EXPOSED_FUNCTIONS, EXPOSED_QUERIES, EXPOSED_RELATIONS, NAMED_RELATIONS } from "./exposure.ts";
import { EXPOSED_MUTATIONS } from "./mutations.ts";
import { PAYLOAD_INDEX_TAG } from "./jobFilterPlugin.ts";
import { FUNCTION_TAG } from "./ownFunctions.ts";

type Tags = Record<string, null | boolean | string | (boolean | string)[]>;

const NOWHERE = "-*";

/**
 * Shows of Ratchet's schema what `exposure.ts` lists, and nothing else. The tags are set here and not in the
 * comments, which people read in psql. A schema is Ratchet's by what is in it, whatever its name; other schemas of the same
 * service are left as they are.
 */
export const ExposurePlugin: GraphileConfig.Plugin = {
  name: "RatchetExposurePlugin",
  description: "Shows Ratchet's tables, functions and their fields, and hides everything else of its schema",
  version: "1.0.0",
  // The tags must be there before anybody reads them.
  before: ["smart-tags"],
  gather: {
    hooks: {
      pgIntrospection_introspection(_info, { introspection }) {
        const ours = new Set(
          introspection.procs
            .filter(({ proname }) => proname === "explain_job")
            .map(({ pronamespace }) => pronamespace),
        );
        for (const relation of introspection.classes) {
          if (ours.has(relation.relnamespace)) {
            tagRelation(relation.relname, relation.getTagsAndDescription().tags);
          }
        }
        for (const index of introspection.indexes) {
          const relation = index.getClass();
          if (relation?.relname === "jobs" && ours.has(relation.relnamespace) && servesPayloads(index)) {
            relation.getTagsAndDescription().tags[PAYLOAD_INDEX_TAG] = true;
          }
        }
        for (const column of introspection.attributes) {
          const relation = column.getClass();
          if (relation !== undefined && ours.has(relation.relnamespace)) {
            tagColumn(relation.relname, column.attname, column.getTagsAndDescription().tags);
          }
        }
        for (const procedure of introspection.procs) {
          if (ours.has(procedure.pronamespace)) {
            tagFunction(procedure.proname, procedure.getTagsAndDescription().tags);
          }
        }
        for (const constraint of introspection.constraints) {
          if (ours.has(constraint.connamespace)) {
            tagConstraint(constraint, constraint.getTagsAndDescription().tags);
          }
        }
      },
    },
  },
};

/** An index as far as this plugin is concerned. */
interface Index {
  readonly indpred: string | null;
  readonly indisvalid: boolean | null;
  getIndexClass(): { getAccessMethod(): { readonly amname: string | null } | undefined } | undefined;
  getKeys(): readonly ({ readonly attname: string } | null)[];
}

/** Whether an index, which the operator of the database has added, finds jobs by what their payload holds. */
function servesPayloads(index: Index): boolean {
  const isWhole = index.indpred === null && index.indisvalid === true;
  return (
    isWhole &&
    index.getIndexClass()?.getAccessMethod()?.amname === "gin" &&
    index.getKeys().some((column) => column?.attname === "payload")
  );
}

function tagRelation(name: string, tags: Tags): void {
  const exposed = EXPOSED_RELATIONS[name];
  tags["behavior"] = exposed === undefined ? NOWHERE : "-insert -update -delete";
  if (exposed?.name !== undefined) {
    tags["name"] = exposed.name;
  }
  if (exposed?.relations !== undefined) {
    tags["foreignKey"] = [...exposed.relations];
  }
}

function tagColumn(relation: string, name: string, tags: Tags): void {
  const exposed = EXPOSED_RELATIONS[relation];
  if (exposed === undefined) {
    return;
  }
  if (exposed.hidden?.includes(name) === true || exposed.byFunction?.includes(name) === true) {
    tags["behavior"] = NOWHERE;
    return;
  }
  const filter = exposed.filter.includes(name) ? "+filterBy" : "-filterBy";
  const order = exposed.order?.includes(name) === true ? "+orderBy" : "-orderBy";
  tags["behavior"] = `${filter} ${order}`;
  if (exposed.answer?.nullable.includes(name) === false) {
    tags["notNull"] = true;
  }
}

function tagFunction(name: string, tags: Tags): void {
  const mutation = EXPOSED_MUTATIONS[name];
  if (mutation !== undefined || EXPOSED_QUERIES.has(name)) {
    tags[FUNCTION_TAG] = name;
    tags["behavior"] = "-connection +list";
    tags["notNull"] = true;
    if (mutation !== undefined) {
      tags["resultFieldName"] = mutation.result;
    }
    return;
  }
  const exposed = EXPOSED_FUNCTIONS[name];
  tags["behavior"] = exposed === undefined ? NOWHERE : "-filterBy -orderBy";
  if (exposed?.neverNull === true) {
    tags["notNull"] = true;
  }
  if (exposed?.fieldName !== undefined) {
    tags["fieldName"] = exposed.fieldName;
  }
}

function tagConstraint({ contype, conname }: { readonly contype: string; readonly conname: string }, tags: Tags): void {
  if (contype === "u") {
    // Rows are found by their primary key; the other keys are the engine's.
    tags["behavior"] = "-single";
  }
  Object.assign(tags, NAMED_RELATIONS[conname] ?? {});
}
