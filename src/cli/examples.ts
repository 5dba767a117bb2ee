import type { CommandUnknownOpts } from "@commander-js/extra-typings";

import { asTyped } from "./asTyped.ts";
import type { CliContext } from "./context.ts";

/** Ends a command's help with lines to copy, each with a remark above it; they begin with `ratchet`, and are shown as the user types them. */
export function withExamples(
  command: CommandUnknownOpts,
  context: CliContext,
  examples: readonly (readonly [remark: string, line: string])[],
): CommandUnknownOpts {
  const lines = examples.flatMap(([remark, line]) => [`  # ${remark}`, `  ${asTyped(line, context.command)}`]);
  return command.addHelpText("after", ["", "Examples:", ...lines].join("\n"));
}
