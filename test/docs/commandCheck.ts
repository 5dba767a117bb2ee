import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";

/**
 * What is wrong with a command line of the program, which is not run; undefined if nothing is. One that is not complete may
 * lack arguments and values.
 */
export function problemOf(
  program: CommandUnknownOpts,
  words: readonly string[],
  { isComplete = true }: { isComplete?: boolean } = {},
): string | undefined {
  const [name = "", ...rest] = words;
  if (/^-(?:h|-help|V|-version)$/v.test(name)) {
    return undefined;
  }
  const command = program.commands.find((candidate) => candidate.name() === name || candidate.aliases().includes(name));
  if (command === undefined) {
    return `there is no command "${name}"`;
  }
  const given: string[] = [];
  const queue = [...rest];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    if (!word.startsWith("-") || word === "-") {
      given.push(word);
      continue;
    }
    const [flag = "", attached] = word.split("=");
    const option = [...command.options, ...program.options].find(({ long, short }) => flag === long || flag === short);
    if (option === undefined && flag !== "--help") {
      return `"${name}" has no option ${flag}`;
    }
    const value = option?.required === true ? (attached ?? queue.shift()) : attached;
    const problem =
      option === undefined || (value === undefined && !isComplete) ? undefined : valueProblem(option, value);
    if (problem !== undefined) {
      return problem;
    }
  }
  return isComplete ? argumentProblem(command, given) : undefined;
}

function valueProblem(option: Option, value: string | undefined): string | undefined {
  if (option.required && value === undefined) {
    return `${option.long} needs a value`;
  }
  const isChoice = option.argChoices === undefined || value === undefined || option.argChoices.includes(value);
  return isChoice ? undefined : `${option.long} cannot be ${value}`;
}

function argumentProblem(command: CommandUnknownOpts, given: readonly string[]): string | undefined {
  const least = command.registeredArguments.filter(({ required }) => required).length;
  const most = command.registeredArguments.some(({ variadic }) => variadic)
    ? Number.POSITIVE_INFINITY
    : command.registeredArguments.length;
  return given.length >= least && given.length <= most
    ? undefined
    : `"${command.name()}" takes ${least} to ${most} arguments, not ${given.length}: ${given.join(" ")}`;
}
