// Text that a host sent, made safe to keep and to show: no controls, no lone surrogates, no more than so long.

/**
 * C0 and C1 controls and DEL (Unicode category Cc), NUL among them, which Postgres refuses in text; and what turns the
 * direction of the text around it (UAX #9 section 2), so that a name reads as another.
 */
const controls = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;

/** Cuts to `longest` UTF-16 units; each control, directional ones among them, and each lone surrogate becomes U+FFFD. */
export function cleanText(text: string | null | undefined, longest: number): string {
  if (!text) return '';
  return text.slice(0, longest).toWellFormed().replace(controls, '\ufffd');
}
