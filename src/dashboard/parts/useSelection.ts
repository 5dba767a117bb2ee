import { useState } from "preact/hooks";

/** Which rows of a list are marked. */
export interface Selection {
  readonly ids: ReadonlySet<string>;
  toggle(id: string): void;
  replace(ids: Iterable<string>): void;
}

/** Nothing is marked at first. */
export function useSelection(): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  return {
    ids,
    toggle: (id) => {
      const next = new Set(ids);
      if (!next.delete(id)) {
        next.add(id);
      }
      setIds(next);
    },
    replace: (others) => {
      setIds(new Set(others));
    },
  };
}
