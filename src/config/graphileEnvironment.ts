/**
 * Lets Graphile's packages run as in production unless GRAPHILE_ENV says otherwise. They read it while they are imported,
 * and remark on its absence.
 */
export function presetGraphileEnvironment(environment: NodeJS.ProcessEnv = process.env): void {
  environment["GRAPHILE_ENV"] ??= "production";
}
