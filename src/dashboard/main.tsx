import { render } from "preact";

import { App } from "./app.tsx";
import { applyTheme, readTheme } from "./view/theme.ts";

applyTheme(readTheme());
const root = document.querySelector("#app");
if (root !== null) {
  render(<App />, root);
}
