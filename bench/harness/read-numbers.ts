import type { BenchContext } from "./types.ts";

/** A list of numbers, or one, of an option; throws what is wrong with it. */
export function readNumbers({ options }: Pick<BenchContext, "options">, name: string, otherwise: string): number[] {
  const text = options.get(name) ?? otherwise;
  const numbers = text.split(",").map(Number);
  if (numbers.some((number) => !(number >= 0)))
    throw new Error(`--${name} ${text} is no list of numbers: give it as --${name} ${otherwise}`);
  return numbers;
}
