/** `1 job`, `20,000 jobs`; of nouns whose plural ends in s. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString()} ${noun}${count === 1 ? "" : "s"}`;
}
