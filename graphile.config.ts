import { RatchetGraphqlPreset } from "pg-ratchet/graphql";
import { RatchetPreset } from "pg-ratchet/worker";

/**
 * Read by graphile-worker's own command, `npx graphile-worker -c postgres://…`, which runs `tasks/` as `ratchet worker` does,
 * and by PostGraphile's, `npx postgraphile -c postgres://… -s ratchet`, which serves what `ratchet serve` does. Without
 * PostGraphile leave the second preset out.
 */
const preset: GraphileConfig.Preset = {
  extends: [RatchetPreset, RatchetGraphqlPreset],
};

export default preset;
