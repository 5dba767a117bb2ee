#!/usr/bin/env node
import module from "node:module";

import { isNodeTooOld, OLDEST_NODE } from "../config/nodeVersion.ts";
import { EXIT_CODES } from "./exitCodes.ts";

const LEFTOVERS_MS = 200;

/** The one entry, `ratchet …`: everything else can be imported by a test without starting anything. */
async function start(): Promise<void> {
  const { node } = process.versions;
  if (isNodeTooOld(node)) {
    process.stderr.write(
      `ratchet: Node ${OLDEST_NODE} or later is needed, and this is Node ${node}.\n` +
        "  hint: Install a newer Node, or put its folder first in PATH: npm starts the command with the first node that it finds there.\n",
    );
    process.exitCode = EXIT_CODES.machine.code;
    return;
  }
  // Compiled code is kept from one start to the next, which halves each (0.49 to 0.24 s of processor time for a refused
  // option); hence the late imports.
  module.enableCompileCache();
  const [{ createContext }, { runCli }] = await Promise.all([import("./context.ts"), import("./program.ts")]);
  await runCli(process.argv.slice(2), createContext());
  // What is left over, such as a handler that ignores its signal or a connection that hears nothing, must not keep the process.
  setTimeout(() => {
    process.exit();
  }, LEFTOVERS_MS).unref();
}

// oxlint-disable-next-line unicorn/prefer-top-level-await -- node/no-top-level-await forbids that.
void start();
