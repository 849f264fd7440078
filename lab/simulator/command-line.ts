// The options of `node lab/simulator/main.ts`, and what is wrong with them.
import { parseArgs } from 'node:util';
import { type FleetProfile, profiles } from './profiles/catalogue.ts';
import { historyFor } from './pace.ts';
import type { OutageOptions } from './outages.ts';

export const usage = `Usage: node lab/simulator/main.ts --collector URL --token-file FILE [options]

Simulates a fleet of hosts over real WebSockets. The same seed gives the same hosts and the same traffic.

  --collector URL     the collector, such as http://localhost:8420
  --token-file FILE   enrolment tokens, one a line, or one API token of an administrator, with which the simulator makes
                      them itself; - reads standard input. Not needed when all hosts in --data are enrolled
  --hosts N           how many (default 20)
  --profile NAME      mix (default), ${Object.keys(profiles).join(', ')}
  --snapshot FILES    hosts made from what record.ts recorded, one after the other; with commas between the files
  --seed TEXT         default 1
  --scale F           multiplies every host's connections (default 1)
  --speed F           simulated seconds a second while the past is caught up with (default 1)
  --history SECONDS   begin this far in the past (default: so that --seconds at --speed end now)
  --seconds N         stop after so many simulated seconds (default: run until interrupted)
  --outages E,L       every host loses the collector about every E seconds for about L seconds
  --skewed SHARE      share of hosts whose wall clock is seconds to ten years off (default 0.1)
  --attacks           a scan, guessed passwords, a beacon, a DNS tunnel and an exfiltration, the first after 20 s
  --data DIR          keep keys and enrolments here, so that the next run is the same hosts
  --truth-file FILE   write what is really so, every 10 s and at the end, as JSON. It lists the open connections
                      when there are at most 20,000
  --help
`;

export interface SimulatorOptions {
  collectorUrl: string;
  tokenFile: string | undefined;
  hosts: number;
  profile: FleetProfile;
  /** Paths; empty = hosts are made by the profile. */
  snapshots: string[];
  seed: string;
  scale: number;
  speed: number;
  historySeconds: number;
  seconds: number | undefined;
  outages: OutageOptions | undefined;
  skewedShare: number;
  attacks: boolean;
  dataDir: string | undefined;
  truthFile: string | undefined;
}

const names = [
  'collector',
  'token-file',
  'hosts',
  'profile',
  'snapshot',
  'seed',
  'scale',
  'speed',
  'history',
  'seconds',
  'outages',
  'skewed',
  'data',
  'truth-file',
] as const;

/** Either the options or everything that is wrong with them. */
export function parseCommandLine(
  args: string[],
): { options: SimulatorOptions } | { faults: string[] } | { help: true } {
  const faults: string[] = [];
  let values: Partial<Record<(typeof names)[number], string>> & { help?: boolean; attacks?: boolean };
  try {
    const texts = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    ({ values } = parseArgs({
      args,
      options: { ...texts, help: { type: 'boolean' }, attacks: { type: 'boolean' } },
    }) as { values: typeof values });
  } catch (error) {
    return { faults: [(error as Error).message] };
  }
  if (values.help) return { help: true };

  const number = (name: (typeof names)[number], fallback: number, least: number, most: number): number => {
    const text = values[name];
    const value = text === undefined ? fallback : Number(text);
    if (text !== undefined && !(text.trim() !== '' && value >= least && value <= most)) {
      faults.push(`--${name} '${text}' is not a number from ${least} to ${most}`);
    }
    return value;
  };
  const url = values.collector ?? '';
  if (!/^https?:\/\/[^/]/.test(url)) faults.push(`--collector '${url}' is not an http or https address`);
  const profile = values.profile ?? 'mix';
  if (profile !== 'mix' && !Object.hasOwn(profiles, profile)) {
    faults.push(`--profile '${profile}' is none of mix, ${Object.keys(profiles).join(', ')}`);
  }
  const snapshots = values.snapshot?.split(',').filter((path) => path !== '') ?? [];
  if (snapshots.length > 0 && values.profile !== undefined) {
    faults.push('--snapshot and --profile both say what the hosts are: give one');
  }
  const speed = number('speed', 1, 0.1, 10_000);
  const seconds = values.seconds === undefined ? undefined : number('seconds', 0, 1, 10_000_000);
  if (speed > 1 && seconds === undefined && values.history === undefined) {
    faults.push('--speed above 1 catches up with the past: it needs --history or --seconds');
  }
  const ownHistory = speed > 1 && seconds !== undefined ? historyFor(seconds, speed) : 0;
  const options: SimulatorOptions = {
    collectorUrl: url.replace(/\/+$/, ''),
    tokenFile: values['token-file'],
    hosts: Math.floor(number('hosts', 20, 1, 60_000)),
    profile: profile as FleetProfile,
    snapshots,
    seed: values.seed ?? '1',
    scale: number('scale', 1, 0.01, 10_000),
    speed,
    historySeconds: number('history', ownHistory, 0, 10_000_000),
    seconds,
    outages: outagesOf(values.outages, faults),
    skewedShare: number('skewed', 0.1, 0, 1),
    attacks: values.attacks === true,
    dataDir: values.data,
    truthFile: values['truth-file'],
  };
  return faults.length > 0 ? { faults } : { options };
}

function outagesOf(text: string | undefined, faults: string[]): OutageOptions | undefined {
  if (text === undefined) return undefined;
  const [everySeconds = NaN, lastSeconds = NaN, ...rest] = text.split(',').map(Number);
  if (everySeconds >= 1 && lastSeconds >= 1 && rest.length === 0) return { everySeconds, lastSeconds };
  faults.push(`--outages '${text}' is not two numbers of seconds such as 600,60`);
  return undefined;
}
