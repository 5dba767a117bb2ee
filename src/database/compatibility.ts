/**
 * The oldest version of Ratchet whose programs work on this version's schema. Raise it in the release that takes away what
 * programs of an older one call or read: docs/decisions/0014-old-and-new.md.
 */
export const OLDEST_PROGRAM = "0.1.0";

/** Whether version `one` is later than `other`: major, minor and patch; what follows a hyphen does not count. */
export function isLater(one: string, other: string): boolean {
  const otherParts = partsOf(other);
  for (const [index, part] of partsOf(one).entries()) {
    const difference = part - (otherParts[index] ?? 0);
    if (difference !== 0) {
      return difference > 0;
    }
  }
  return false;
}

function partsOf(version: string): number[] {
  return version.split(/[.\-]/v).slice(0, 3).map(Number);
}
