import { RatchetPreset } from "pg-ratchet/worker";

/** Read by graphile-worker's own command: `npx graphile-worker -c postgres://…` runs `tasks/` as `ratchet worker` does. */
const preset: GraphileConfig.Preset = {
  extends: [RatchetPreset],
};

export default preset;
