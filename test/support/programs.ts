import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

const PYTHONS = ["python3", "/usr/bin/python3"];
const DEBIAN_PACKAGES = "postgresql-client python3-psycopg chromium bsdutils";

/** The Python that has psycopg 3 (a second one may hide Debian's), or null. */
export function findPython(): string | null {
  return found(
    "Python with psycopg 3",
    PYTHONS.find((python) => succeeds(python, ["-c", "import psycopg; assert psycopg.__version__ >= '3'"])),
  );
}

/** Any Python 3, or null. */
export function findAnyPython(): string | null {
  return found(
    "Python 3",
    PYTHONS.find((python) => succeeds(python, ["--version"])),
  );
}

/** The program psql, or null. */
export function findPsql(): string | null {
  return found("psql", succeeds("psql", ["--version"]) ? "psql" : undefined);
}

/** A browser of the Chromium family, or null. `.ci/run`, where it could install none, says so and asks for none. */
export function findChromium(): string | null {
  if (process.env["RATCHET_TEST_BROWSER"] === "none") {
    return null;
  }
  return found(
    "Chromium",
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((browser) =>
      succeeds(browser, ["--version"]),
    ),
  );
}

/** The program `script` of util-linux, which makes terminals, or null; that of the BSDs takes other options. */
export function findScript(): string | null {
  return found("script of util-linux", succeeds("script", ["--quiet", "--version"]) ? "script" : undefined);
}

/** Runs a program to its end and gives what it printed; rejects, with what it complained of, on another status than 0. */
export async function run(program: string, commandLine: readonly string[], settings: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, commandLine, {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "close");
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [status] = (await ended) as [number | null];
  if (status !== 0) {
    throw new Error(`${program} ${commandLine.join(" ")} ended with ${status}:\n${errors}${output}`);
  }
  return output;
}

// Away from CI a machine without them still tests what it can, and the tests' names say what that is.
function found(what: string, program: string | undefined): string | null {
  if (program === undefined && process.env["CI"] === "true") {
    throw new Error(`${what} is missing, and CI runs everything: apt-get install ${DEBIAN_PACKAGES}.`);
  }
  return program ?? null;
}

function succeeds(program: string, commandLine: readonly string[]): boolean {
  try {
    execFileSync(program, commandLine, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
