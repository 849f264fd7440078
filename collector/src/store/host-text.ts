// Text that a host sent, made safe to keep and to show: no controls, no lone surrogates, no more than so long.

/** C0 and C1 controls and DEL (Unicode category Cc), NUL among them, which Postgres refuses in text. */
const controls = /\p{Cc}/gu;
/** What turns the direction of the text around it (UAX #9 section 2), so that a name reads as another. */
const directional = /[\u202a-\u202e\u2066-\u2069]/g;

/** Cuts to `longest` UTF-16 units; controls and lone surrogates become U+FFFD, directional ones their code, as in "⟨202E⟩". */
export function cleanText(text: string | null | undefined, longest: number): string {
  if (!text) return '';
  const kept = text.slice(0, longest).toWellFormed().replace(controls, '\ufffd');
  const shown = kept.replace(directional, (found) => `⟨${found.charCodeAt(0).toString(16).toUpperCase()}⟩`);
  return shown.length > longest ? shown.slice(0, longest).toWellFormed() : shown;
}
