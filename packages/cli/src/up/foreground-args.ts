/** Options whose values may hold a password: anybody on the machine can read a command line, so they go another way. */
const SERVER_OPTION = /^--(?:database|redis|rpc)(=|$)/;

/** The arguments of the `up` in the background: those given, without what is for the one in front, and without servers' URLs. */
export function foregroundArgs(args: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const isValueOf = SERVER_OPTION.exec(args[index - 1] ?? "")?.[1] === "";
    return arg !== "--detach" && arg !== "--json" && !SERVER_OPTION.test(arg) && !isValueOf;
  });
}
