// A program's output for people: JSON log lines become one readable line, anything else stays as it is.

const levels = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };

export function readableLine(line) {
  const entry = parseEntry(line);
  if (!entry) return line;
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  const error = entry.err?.message;
  return `${time} ${levels[entry.level] ?? entry.level} ${[entry.event, entry.msg, error].filter(Boolean).join(': ')}`;
}

/** What a program said to people before it ended: its plain lines, or the end of its log when there are none. */
export function lastWords(lines) {
  const plain = lines.filter((line) => !parseEntry(line) && line.trim() !== '');
  return (plain.length > 0 ? plain : lines.map(readableLine)).slice(-15);
}

/** The message of a log line that a person should see at once; undefined for all others. */
export function warningOf(line) {
  const entry = parseEntry(line);
  const name = levels[entry?.level] ?? entry?.level;
  return ['warn', 'error', 'fatal'].includes(name) ? (entry.msg ?? entry.event) : undefined;
}

function parseEntry(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line);
    return entry.level !== undefined && Number.isFinite(entry.time) ? entry : undefined;
  } catch {
    return undefined; // cut off, or not a log line
  }
}
