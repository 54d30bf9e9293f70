/** A text that has so many letters and digits of a secret in a row repeats it. */
const MIN_SHARED = 8;

/** What has fewer is in any text, and hides nothing. */
const MIN_SECRET = 4;

/**
 * Whether a text repeats 8 letters or digits in a row of one of the secrets, or the whole of one that has 4 to 7. All other signs,
 * and the difference of great and small letters, are passed over on both sides: a secret that was quoted, escaped or broken
 * into lines is found too.
 */
export function repeatsSecret(text: string, secrets: readonly string[]): boolean {
  const searched = lettersOf(text);
  return secrets.some((secret) => {
    const letters = lettersOf(secret);
    if (letters.length < MIN_SECRET) return false;
    for (let start = 0; start === 0 || start + MIN_SHARED <= letters.length; start += 1)
      if (searched.includes(letters.slice(start, start + MIN_SHARED))) return true;
    return false;
  });
}

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]+/gu, "").toLowerCase();
}
