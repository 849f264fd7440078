// Command lines that a system gives as one text, into arguments, so that secrets in them can be found.
import { limits } from '@foretop/proto';
import { redactCommandLine } from '../redact.ts';

/**
 * One line for people, secrets replaced. `style`: how the system writes arguments with spaces. ps (`posix`) tells them from
 * separators by nothing, so of a secret that holds spaces only the first word is found.
 */
export function redactCommandText(text: string, style: 'posix' | 'windows'): string {
  const args = style === 'windows' ? splitWindows(text) : text.split(/\s+/);
  if (args.length === 0 || args[0] === '') return '';
  // Rules go by the program's name, which Windows writes with its folder, backslashes and ending.
  const program = args[0]!;
  const name =
    style === 'windows'
      ? program
          .replace(/^.*\\/, '')
          .replace(/\.exe$/i, '')
          .toLowerCase()
      : program;
  const redacted = redactCommandLine([name, ...args.slice(1)], limits.textLength);
  return (program + redacted.slice(name.length)).slice(0, limits.textLength);
}

/** Quotes hold an argument together; they are left out ("Parsing C command-line arguments", Microsoft Learn). */
function splitWindows(text: string): string[] {
  const args = text.match(/(?:"(?:\\"|[^"])*"?|[^\s"])+/g) ?? [];
  return args.map((argument) => argument.replaceAll('\\"', '\u0000').replaceAll('"', '').replaceAll('\u0000', '"'));
}
