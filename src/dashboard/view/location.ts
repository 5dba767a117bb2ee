import { useLayoutEffect, useState } from "preact/hooks";

const CHANGED = "ratchet:location";

function hear(listener: () => void): () => void {
  addEventListener("popstate", listener);
  addEventListener(CHANGED, listener);
  return () => {
    removeEventListener("popstate", listener);
    removeEventListener(CHANGED, listener);
  };
}

/** Path and query of the address bar, which hold the whole view. */
export function useAddress(): URL {
  const [address, setAddress] = useState(location.href);
  useLayoutEffect(
    () =>
      hear(() => {
        setAddress(location.href);
      }),
    [],
  );
  return new URL(address);
}

/** Goes to a page of the dashboard; `replace` keeps the one before out of the history. */
export function goTo(address: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const isOtherPage = new URL(address, location.href).pathname !== location.pathname;
  if (replace) {
    history.replaceState(null, "", address);
  } else {
    history.pushState(null, "", address);
  }
  dispatchEvent(new Event(CHANGED));
  if (isOtherPage) {
    scrollTo(0, 0);
  }
}

/** The same page with other parameters; null takes one out. */
export function withParameters(address: URL, changes: Readonly<Record<string, string | null>>): string {
  const changed = new URL(address);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") {
      changed.searchParams.delete(name);
    } else {
      changed.searchParams.set(name, value);
    }
  }
  return `${changed.pathname}${changed.search}`;
}
