#!/usr/bin/env node
import { createContext } from "./context.ts";
import { runCli } from "./program.ts";

// The one entry: `ratchet …`. Everything else can be imported by a test without starting anything.
void runCli(process.argv.slice(2), createContext());
