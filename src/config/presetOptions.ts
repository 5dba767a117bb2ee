import type { RatchetPresetOptions } from "./options.ts";

declare global {
  // oxlint-disable-next-line typescript/no-namespace -- graphile-config's types are extended like this.
  namespace GraphileConfig {
    interface Preset {
      /** Options of Ratchet; docs/configuration.md says what they mean. */
      readonly ratchet?: RatchetPresetOptions | undefined;
    }
  }
}
