// Text that a host sent, made safe to keep and to show: no controls, no lone surrogates, no more than so long.

/** C0 and C1 controls and DEL (Unicode category Cc), NUL among them, which Postgres refuses in text. */
const controls = /\p{Cc}/gu;
/** What turns the direction of the text around it (UAX #9 section 2), so that a name reads as another. */
const directional = /[\u202a-\u202e\u2066-\u2069]/g;

/** The longest name of the IANA database has 32. */
const longestTimeZone = 64;

/** Cuts to `longest` UTF-16 units; controls and lone surrogates become U+FFFD, directional ones their code, as in "⟨202E⟩". */
export function cleanText(text: string | null | undefined, longest: number): string {
  if (!text) return '';
  const kept = text.slice(0, longest).toWellFormed().replace(controls, '\ufffd');
  const shown = kept.replace(directional, (found) => `⟨${found.charCodeAt(0).toString(16).toUpperCase()}⟩`);
  return shown.length > longest ? shown.slice(0, longest).toWellFormed() : shown;
}

/** A time zone's name as the IANA database spells it, or an offset ("+05:30"); empty for anything else. */
export function cleanTimeZone(claimed: string | null | undefined): string {
  if (!claimed || claimed.length > longestTimeZone) return '';
  try {
    return new Temporal.ZonedDateTime(0n, claimed).timeZoneId;
  } catch {
    return '';
  }
}
