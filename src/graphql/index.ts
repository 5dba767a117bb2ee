export { RatchetGraphqlPreset } from "./ratchetGraphqlPreset.ts";
