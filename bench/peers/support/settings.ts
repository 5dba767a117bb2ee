import type { RunOptions, Settings } from "../../peer.ts";

/** The setting `name` as a number. Throws if the run has none: a typo in a sweep must not measure a default. */
export function numberSetting({ settings }: Pick<RunOptions, "settings">, name: string): number {
  const value = settings[name];
  if (typeof value !== "number") {
    throw new TypeError(`The setting ${name} must be a number, and is ${JSON.stringify(value)}.`);
  }
  return value;
}

/** Each combination of the given values: `combinations({ pool: [10, 50], pollMs: [5] })` are two settings. */
export function combinations(values: Readonly<Record<string, readonly number[]>>): readonly Settings[] {
  const [first, ...rest] = Object.entries(values);
  if (first === undefined) {
    return [{}];
  }
  const [name, options] = first;
  const others = combinations(Object.fromEntries(rest));
  const found: Settings[] = [];
  for (const option of options) {
    for (const settings of others) {
      found.push({ [name]: option, ...settings });
    }
  }
  return found;
}
