// Text from hosts made safe to read: characters that cannot be seen or that turn the text around are shown as codes.

// C0 and C1 controls, soft hyphen, zero-width and bidi characters (UAX #9), line separators, variation selectors, BOM, tags, noncharacters.
const hidden =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;

/** `a\u202eb` becomes `a⟨202E⟩b`. */
export function visible(text: string): string {
  return text.replace(
    hidden,
    (character) => `⟨${character.codePointAt(0)!.toString(16).toUpperCase().padStart(2, '0')}⟩`,
  );
}
