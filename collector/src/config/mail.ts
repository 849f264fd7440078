// The mail server out of smtp.url, smtp.password-file and smtp.from.
import { Secret } from './secret.ts';

export interface MailSettings {
  readonly host: string;
  readonly port: number;
  readonly encryption: 'starttls' | 'tls' | 'none';
  readonly user: string | undefined;
  readonly password: Secret | undefined;
  /** In place of `password`. */
  readonly passwordFile: string | undefined;
  readonly from: string;
}

/** Submission (RFC 6409), submission over TLS (RFC 8314), and plain relaying (RFC 5321). */
const schemes = {
  'smtp:': { encryption: 'starttls', port: 587 },
  'smtps:': { encryption: 'tls', port: 465 },
  'smtp+plain:': { encryption: 'none', port: 25 },
} as const;

interface MailValues {
  'smtp.url': Secret | undefined;
  'smtp.password-file': string | undefined;
  'smtp.from': string | undefined;
}

/** undefined: none is set up. What is wrong is added to `faults`. */
export function mailSettings(values: MailValues, faults: string[]): MailSettings | undefined {
  const { 'smtp.url': text, 'smtp.password-file': passwordFile, 'smtp.from': from } = values;
  if (text === undefined) return undefined;
  if (from === undefined) {
    faults.push('With smtp.url, name the sender of mails with --smtp-from or FORETOP_SMTP_FROM.');
    return undefined;
  }
  const url = new URL(text.reveal());
  const { encryption, port } = schemes[url.protocol as keyof typeof schemes];
  return Object.freeze({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? port : Number(url.port),
    encryption,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : new Secret(decodeURIComponent(url.password)),
    passwordFile,
    from,
  });
}
