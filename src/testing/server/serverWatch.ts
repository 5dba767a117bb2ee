import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { clusterFiles } from "../../database/embedded/cluster.ts";
import { removeProcessFolder } from "./folders.ts";

/** Sees to it that a Postgres ends with this process. */
export interface ServerWatch {
  /** Ends the watch alone. */
  end(): void;
}

// Waits for the end of its input, which comes with our end, however we end: SIGKILL leaves us no last word. Postgres keeps its
// process id in the first line of postmaster.pid. A zombie in a container that never reaps looks alive: hence the limit.
const WATCH = `
  trap '' INT TERM HUP
  read -r _
  pid=$(head -n 1 "$2" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
  for try in 1 2 3 4 5 6 7 8 9 10; do
    rm -rf "$1" 2>/dev/null
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  rm -rf "$1"`;

/** Ends the Postgres in `folder` when this process ends, and removes the folder. Does not keep this process alive. */
export function watchServer(folder: string): ServerWatch {
  if (process.platform === "win32") {
    const remove = (): void => {
      removeProcessFolder(folder);
    };
    process.once("exit", remove);
    return {
      end() {
        process.off("exit", remove);
      },
    };
  }
  const watcher = spawn(
    "/bin/sh",
    ["-c", WATCH, "ratchet-testing", folder, `${clusterFiles(folder).data}/postmaster.pid`],
    {
      // A group of its own: Ctrl-C goes to all of the terminal's.
      detached: true,
      cwd: "/",
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  watcher.unref();
  if (watcher.stdin instanceof Socket) {
    watcher.stdin.unref();
  }
  return {
    end() {
      watcher.kill("SIGKILL");
    },
  };
}
