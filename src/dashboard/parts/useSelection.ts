import { useRef, useState } from "preact/hooks";

/** Which rows of a list are marked. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  toggle(id: string): void;
  /** Marks all from the row that was last toggled to this one, in the order in which they are shown. */
  extend(id: string, shown: readonly string[]): void;
  replace(ids: Iterable<string>): void;
}

/** Nothing is marked at first. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string | null>(null);
  function toggle(id: string): void {
    const next = new Set(ids);
    if (!next.delete(id)) {
      next.add(id);
    }
    last.current = id;
    setIds(next);
  }
  return {
    ids,
    toggle,
    extend: (id, shown) => {
      const from = shown.indexOf(last.current ?? "");
      const to = shown.indexOf(id);
      if (from === -1 || to === -1) {
        toggle(id);
      } else {
        setIds(new Set([...ids, ...shown.slice(Math.min(from, to), Math.max(from, to) + 1)]));
        last.current = id;
      }
    },
    replace: (others) => {
      setIds(new Set(others));
    },
  };
}
