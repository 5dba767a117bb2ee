import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { type Theme, applyTheme, readTheme } from "../view/theme.ts";

/** Lets the viewer choose between light and dark. */
export function ThemeChoice(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(readTheme);
  return (
    <label class="theme">
      <span class="unseen">Theme</span>
      <select
        value={theme}
        onChange={({ currentTarget }) => {
          const chosen = currentTarget.value as Theme;
          setTheme(chosen);
          applyTheme(chosen);
        }}
      >
        <option value="system">Auto</option>
        <option value="light">Light</option>
        <option value="dark">Dark</option>
      </select>
    </label>
  );
}
