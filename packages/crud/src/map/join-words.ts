/** "Assign seriousness" to "AssignSeriousness": letters and digits stay, each word begins with a capital letter. */
export function joinWords(text: string): string {
  return text
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map((word) => {
      const [first = ""] = word;
      return first.toUpperCase() + word.slice(first.length);
    })
    .join("");
}
