/** Sets an environment variable of this process, for task files that run in it. */
export function setVariable(name: string, value: string): void {
  process.env[name] = value;
}
