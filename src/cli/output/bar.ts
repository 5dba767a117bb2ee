/** A progress bar of `cells` terminal cells, `███░░░`; full only if all is done, and with a first cell as soon as something is. */
export function progressBar(share: number, cells: number): string {
  const known = Math.min(1, Math.max(0, share));
  const full = known === 1 ? cells : Math.min(cells - 1, Math.max(known > 0 ? 1 : 0, Math.round(known * cells)));
  return "█".repeat(full) + "░".repeat(cells - full);
}
