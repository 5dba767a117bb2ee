import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Calls `report` with the path of each file that this process loads from now on, installed packages left out, before it is
 * parsed; and with the path of a file that something imports and that is not there.
 */
export function reportImports(report: (file: string) => void): void {
  const reportUrl = (url: string): void => {
    if (url.startsWith("file:") && !url.includes("/node_modules/")) {
      report(fileURLToPath(url));
    }
  };
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        if (specifier.startsWith(".") && context.parentURL !== undefined) {
          reportUrl(new URL(specifier, context.parentURL).href);
        }
        throw error;
      }
    },
    load: (url, context, nextLoad) => {
      reportUrl(url);
      return nextLoad(url, context);
    },
  });
}
