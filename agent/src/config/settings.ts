// Everything that can be set on the agent: the one schema of flags, environment and file.
import { limits } from '@foretop/proto';
import {
  byteCount,
  choice,
  defineSettings,
  flag,
  type Kind,
  line,
  path,
  setting,
  wholeNumber,
} from '@foretop/proto/settings';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Tried first, and what may stand in for it. */
export const engines = ['auto', 'bpf', 'netlink'] as const;
export type Engine = (typeof engines)[number];

/** Whether the process that talks to the network is one without rights. */
export const privilegeSplits = ['auto', 'on', 'off'] as const;
export type PrivilegeSplit = (typeof privilegeSplits)[number];

/** An address of a web server, without anything that does not belong to an address. */
const address: Kind<string> = {
  placeholder: '<url>',
  expects: 'http://HOST:PORT or https://HOST:PORT, without a user, a query or a fragment,',
  parse(value) {
    const url = typeof value === 'string' ? URL.parse(value) : null;
    if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
    return url.username || url.password || url.search || url.hash ? undefined : (value as string);
  },
  write: (value) => value,
};

export const settings = defineSettings({
  collector: setting<string | undefined>({
    text: 'address of the collector, as in http://localhost:8420',
    kind: address,
    default: undefined,
    defaultText: 'none, it is required',
    variable: 'FORETOP_COLLECTOR',
  }),
  data: setting<string | undefined>({
    text: 'where the key and the spool are kept',
    kind: path,
    default: undefined,
    defaultText:
      '`/var/lib/foretop-agent` as root, else `$XDG_STATE_HOME/foretop-agent` or `~/.local/state/foretop-agent`',
    variable: 'FORETOP_AGENT_DATA',
  }),
  'token-file': setting<string | undefined>({
    text: 'file with the enrolment token, - for stdin; needed once',
    kind: path,
    default: undefined,
    variable: 'FORETOP_AGENT_TOKEN_FILE',
  }),
  name: setting<string | undefined>({
    text: "shown instead of the host's name",
    kind: line(limits.nameLength),
    default: undefined,
    variable: 'FORETOP_AGENT_NAME',
  }),
  'log-level': setting<LogLevel>({
    text: `how much is logged on stderr: ${logLevels.join(', ')}`,
    kind: choice(logLevels),
    default: 'info',
    variable: 'FORETOP_AGENT_LOG_LEVEL',
  }),
  engine: setting<Engine>({
    text: 'what watches connections on Linux: bpf (programs in the kernel, or the agent does not start), netlink (without them), auto (bpf where it works)',
    kind: choice(engines),
    default: 'auto',
    variable: 'FORETOP_AGENT_ENGINE',
  }),
  'privilege-split': setting<PrivilegeSplit>({
    text: 'whether a process of its own, without capabilities, keys and files, talks to the network (Linux): on, off, auto (on where the agent has capabilities and the host allows more than looking)',
    kind: choice(privilegeSplits),
    default: 'auto',
    variable: 'FORETOP_AGENT_PRIVILEGE_SPLIT',
  }),
  'ceiling-file': setting<string | undefined>({
    text: "the host's ceiling instead of /etc/foretop-agent/ceiling.json; believed only if root or the user of this process owns it and nobody else may write it",
    kind: path,
    default: undefined,
    variable: 'FORETOP_AGENT_CEILING_FILE',
  }),
  'cpu-limit': setting<number>({
    text: 'CPU that the agent may use, percent of a core; above it, it gives up QUIC names, TLS names, DNS, the live rate and the sample interval in this order, says so, and takes them up again later',
    kind: wholeNumber(1, 6_400, 'percent'),
    default: 30,
    variable: 'FORETOP_AGENT_CPU_LIMIT',
  }),
  'memory-limit': setting<number>({
    text: 'resident memory that the agent may use; above it, it gives up the same in the same order',
    kind: byteCount(64 << 20),
    default: 256 << 20,
    variable: 'FORETOP_AGENT_MEMORY_LIMIT',
  }),
  insecure: setting<boolean>({
    text: 'allow plain http to another machine',
    kind: flag,
    default: false,
    variable: 'FORETOP_AGENT_INSECURE',
  }),
  'max-spool': setting<number>({
    text: 'disk for records that the collector does not have yet; beyond it the oldest go first',
    kind: byteCount(4 << 20),
    default: 256 << 20,
    variable: 'FORETOP_AGENT_MAX_SPOOL',
  }),
});
