let chapter = 0;

/** Prints a chapter's heading and the command behind it; returns when it began, for {@link since}. */
export function step(title: string, command: string): number {
  chapter += 1;
  console.log(`\n${chapter}. ${title}\n   $ ${command}`);
  return performance.now();
}

export function say(text: string): void {
  console.log(`   ${text}`);
}

export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

export function since(startedMs: number): string {
  return `(${seconds(performance.now() - startedMs)})`;
}
