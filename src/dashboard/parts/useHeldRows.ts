import { useRef, useState } from "preact/hooks";

/** What {@link useHeldRows} needs of a row. */
interface Identified {
  readonly id: string;
}

/** Rows that stay where they are. */
export interface HeldRows<Row> {
  readonly rows: readonly Row[];
  /** How many rows are there by now and are not shown. */
  readonly newCount: number;
  /** Shows them. */
  readonly release: () => void;
}

/** While somebody marks rows, no row comes or goes; what is in them stays live. */
export function useHeldRows<Row extends Identified>(
  live: readonly Row[],
  isHeld: boolean,
  viewKey: string,
): HeldRows<Row> {
  const held = useRef<{ readonly key: string; rows: readonly Row[] }>({ key: viewKey, rows: live });
  const [, setReleases] = useState(0);
  const isHolding = isHeld && held.current.key === viewKey && held.current.rows.length > 0;
  const fresh = new Map(live.map((row) => [row.id, row]));
  held.current = {
    key: viewKey,
    rows: isHolding ? held.current.rows.map((row) => fresh.get(row.id) ?? row) : live,
  };
  const shown = new Set(held.current.rows.map(({ id }) => id));
  return {
    rows: held.current.rows,
    newCount: live.filter(({ id }) => !shown.has(id)).length,
    release: () => {
      held.current = { key: viewKey, rows: live };
      setReleases((count) => count + 1);
    },
  };
}
