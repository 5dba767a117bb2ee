import { render } from "preact";

import { App } from "./app.tsx";
import { learnServerTime } from "./api/client.ts";
import { applyTheme, readTheme } from "./view/theme.ts";

applyTheme(readTheme());
void learnServerTime();
const root = document.querySelector("#app");
if (root !== null) {
  render(<App />, root);
}
