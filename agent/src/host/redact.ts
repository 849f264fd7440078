// Takes secrets out of a command line before it leaves the host.
import { maskCards } from './mask-cards.ts';

export const REDACTED = '[redacted]';

const secretWords =
  'passwd|password|passphrase|pass|pwd|secret|token|credential|credentials|auth|authorization|api[-_]?key|apikey|access[-_]?key|private[-_]?key|secret[-_]?key|account[-_]?key|signing[-_]?key|encryption[-_]?key|shared[-_]?key|session[-_]?key|client[-_]?secret|cookie|bearer|jwt|psk|pin';

/** A name one of whose parts is a secret word: `--db-password`, `GITHUB_TOKEN`. */
const secretPart = new RegExp(`(?:^|[-_.:/])(?:${secretWords})(?:$|[-_.:/])`, 'i');
/** A name that ends like one: `--dbpassword`, `PGPASSWORD`. Not for `-psecret`, which is `-p` with a value. */
const secretEnd = /(?:password|passwd|passphrase|secret|token|apikey|credential)s?$/i;

/** Options named like a secret whose value is none. */
const harmlessName =
  /^(?:max|min|num|no)[-_]|(?:file|path|dir|directory|policy|length|min|max|ttl|expiry|timeout|url|uri|endpoint|type|method|mode|command|cmd|store|provider|name|id|prompt|enabled|required|fd)$/i;

interface ProgramRule {
  program: RegExp;
  /** Options whose value is a secret: attached (`-pX`), in the next argument (`-p X`), or either. */
  attached?: RegExp;
  next?: RegExp;
}

const programRules: readonly ProgramRule[] = [
  { program: /^(?:mysql|mariadb)[a-z-]*$/, attached: /^-p(?=.)/ },
  {
    program: /^(?:sshpass|docker|podman|nerdctl|mongo|mongosh|mongodump|mongorestore|oc|az|expect|helm)$/,
    attached: /^-p(?=[^=-])/,
    next: /^-p$/,
  },
  { program: /^(?:redis-cli|valkey-cli)$/, next: /^-a$/, attached: /^-a(?=.)/ },
  { program: /^ldap[a-z]+$/, next: /^-w$/, attached: /^-w(?=.)/ },
  {
    program: /^(?:mosquitto_pub|mosquitto_sub|mosquitto_rr|sqlcmd|bcp|zip|unzip|ipmitool)$/,
    next: /^-P$/,
    attached: /^-P(?=.)/,
  },
  { program: /^(?:7z|7za|7zr|rar|unrar)$/, attached: /^-p(?=.)/ },
  { program: /^(?:xfreerdp|wfreerdp|rdesktop)$/, next: /^-p$/, attached: /^\/p:/ },
  { program: /^(?:curl|wget)$/, next: /^(?:-b|--cookie)$/, attached: /^-b(?=.)/ },
  { program: /^(?:snmp[a-z]+)$/, next: /^-[cAX]$/, attached: /^-[cAX](?=.)/ },
];

const userAndPassword = {
  program: /^(?:curl|smbclient|rpcclient|net|wget|http|https|ab|siege)$/,
  next: /^(?:-u|--user|--proxy-user|-U|--auth|-a|-A)$/,
};

type Replacement = [pattern: RegExp, by: string];

/** What gives itself away wherever it stands. */
const anywhere: readonly Replacement[] = [
  [/-----BEGIN[A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END[A-Z ]*PRIVATE KEY-----|$)/g, REDACTED],
  // user:password@ of a URL or DSN
  [/([a-z][a-z0-9+.-]*:\/\/[^\s/:@?#]*):[^\s/@]+@/gi, `$1:${REDACTED}@`],
  [/\b(Bearer|Basic|Digest|Negotiate|token)\s+(?=[\w.~+/-]{8,}=*)[\w.~+/-]+=*/gi, `$1 ${REDACTED}`],
  // a header, as curl and others take it
  [
    /\b((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|secret|auth)[\w-]*|api-?key)(\s*:\s*)(?!\s|\[redacted\]|(?:Bearer|Basic|Digest|Negotiate|token)\s+\[redacted\])[^\r\n"']+/gi,
    `$1$2${REDACTED}`,
  ],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [/\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g, REDACTED],
  [
    /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{8,}|sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{12,}|AIza[\w-]{30,}|ya29\.[\w-]{16,}|npm_\w{24,}|pypi-[\w-]{16,}|dckr_pat_[\w-]{16,}|hvs\.[\w-]{16,}|SG\.[\w-]{16,}\.[\w-]{16,}|f(?:te|tt)\d*_[\w-]{16,})/g,
    REDACTED,
  ],
];

const keyAndValue = /(^|[\s"'{,;&?])(-{0,2}[\w.:/-]{1,80}?)(["']?\s?[=:]\s?)("[^"]*"|'[^']*'|[^\s"',;&}]+)/g;
const optionAndValue = /(^|\s)(--?[\w-]{2,80})(\s+)("[^"]*"|'[^']*'|[^\s"'-][^\s"']*)/g;
const opensslPassword = /^(?:pass|env|stdin|fd):/;

/** The arguments in one line, secrets replaced by `[redacted]`, card numbers masked, control characters by spaces, cut at `maxLength`. */
export function redactCommandLine(args: readonly string[], maxLength: number): string {
  const program = programName(args[0] ?? '');
  const out: string[] = [];
  let secretNext = false;
  for (const [index, arg] of args.entries()) {
    if (secretNext && !isLongOption(arg)) out.push(REDACTED);
    else out.push(index === 0 ? redactText(arg) : redactArgument(program, args[index - 1]!, arg));
    secretNext = index > 0 && takesSecretNext(program, arg);
  }
  return maskCards(out.join(' '))
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, maxLength)
    .trimEnd();
}

/** Secrets inside one text: a shell's `-c` argument, a title that a process gave itself, a URL. */
export function redactText(text: string): string {
  let result = text;
  for (const [pattern, by] of anywhere) result = result.replace(pattern, by);
  result = result.replace(keyAndValue, (whole, before: string, name: string, sign: string, value: string) =>
    isSecretName(name) &&
    !value.startsWith('//') &&
    !/^(?:Bearer|Basic|Digest|Negotiate|token)$/i.test(value) &&
    value !== REDACTED
      ? `${before}${name}${sign}${REDACTED}`
      : whole,
  );
  if (!/\s/.test(result)) return result;
  result = result.replace(optionAndValue, (whole, before: string, name: string, space: string) =>
    isSecretName(name) ? `${before}${name}${space}${REDACTED}` : whole,
  );
  return redactShellWords(result);
}

/** Programs named inside a text, such as `sh -c "mysql -psecret"`. */
function redactShellWords(text: string): string {
  const words = text.split(/(\s+)/);
  let program = '';
  let secretNext = false;
  return words
    .map((word, index) => {
      if (index % 2 === 1 || word === '') return word;
      if (secretNext && !isLongOption(word)) {
        secretNext = false;
        return REDACTED;
      }
      if (isRuledProgram(programName(word))) program = programName(word);
      secretNext = takesSecretNext(program, word);
      return redactAttached(program, word) ?? word;
    })
    .join('');
}

function redactArgument(program: string, previous: string, arg: string): string {
  const attached = redactAttached(program, arg);
  if (attached !== undefined) return attached;
  if (userAndPassword.program.test(program) && userAndPassword.next.test(previous)) return redactUserPassword(arg);
  if (/^-pass(?:in|out)?$/.test(previous) && opensslPassword.test(arg)) return arg.replace(/:.*$/s, `:${REDACTED}`);
  return redactOption(arg) ?? redactText(arg);
}

/** `--name=value` and `NAME=value` whole, since the value may hold spaces. */
function redactOption(arg: string): string | undefined {
  const at = arg.indexOf('=');
  const name = arg.slice(0, at);
  return at > 0 && /^[\w.:/-]+$/.test(name) && isSecretName(name) ? `${name}=${REDACTED}` : undefined;
}

function redactUserPassword(arg: string): string {
  const at = arg.search(/[:%]/);
  return at < 0 ? redactText(arg) : `${arg.slice(0, at + 1)}${REDACTED}`;
}

function redactAttached(program: string, arg: string): string | undefined {
  for (const rule of programRules) {
    const start = rule.program.test(program) ? rule.attached?.exec(arg)?.[0] : undefined;
    if (start !== undefined) return `${start}${REDACTED}`;
  }
  return undefined;
}

function takesSecretNext(program: string, arg: string): boolean {
  if (programRules.some((rule) => rule.program.test(program) && rule.next?.test(arg))) return true;
  return isOption(arg) && !arg.includes('=') && isSecretName(arg);
}

function isSecretName(name: string): boolean {
  const singleDash = /^-[^-]/.test(name);
  const bare = name.replace(/^-+/, '').replace(/([a-z0-9])([A-Z])/g, '$1_$2');
  if (harmlessName.test(bare)) return false;
  return secretPart.test(bare) || (!singleDash && secretEnd.test(bare));
}

function isRuledProgram(name: string): boolean {
  return programRules.some((rule) => rule.program.test(name));
}

function isOption(arg: string): boolean {
  return /^--?[A-Za-z]/.test(arg);
}

/** A value may begin with one dash; better an option hidden than a secret shown. */
function isLongOption(arg: string): boolean {
  return /^--[A-Za-z]/.test(arg);
}

function programName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/:$/, '');
}
