/**
 * What CloudEvents 1.0 (section "Type System") keeps out of every attribute: control characters and noncharacters. Lone
 * surrogates are no part of any name or JSON text of a ledger.
 */
const DISALLOWED = /\p{Cc}|\p{Noncharacter_Code_Point}/u;
const EACH_DISALLOWED = new RegExp(DISALLOWED, "gu");

/** Whether a text can be an attribute's value as it is. */
export function isAttributeText(text: string): boolean {
  return text !== "" && !DISALLOWED.test(text);
}

/** A JSON text that means the same, with what attributes cannot hold as `\u` escapes: within JSON's strings only they occur. */
export function escapeJson(text: string): string {
  return text.replace(EACH_DISALLOWED, (character) =>
    Array.from({ length: character.length }, (_, index) => {
      const unit = character.charCodeAt(index);
      return `\\u${unit.toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}
