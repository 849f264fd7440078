// Text that a host sent, made safe to keep: no control characters, no lone surrogates, no more than so long.

/** C0 and C1 controls and DEL (Unicode category Cc). NUL is among them, which Postgres refuses in text. */
const controls = /\p{Cc}/gu;

/** Cuts to `longest` UTF-16 units; each control character and each lone surrogate becomes U+FFFD. */
export function cleanText(text: string | null | undefined, longest: number): string {
  if (!text) return '';
  return text.slice(0, longest).toWellFormed().replace(controls, '\ufffd');
}
