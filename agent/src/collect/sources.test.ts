// What the agent says of its sources, and how a failing one is reported without stopping the rest.
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { HostError } from '../host/host-error.ts';
import { SourceHealth } from './source-health.ts';
import { describeSources, type SourceState, tierOf } from './sources.ts';

const full: SourceState = {
  engine: { features: [{ name: 'dns', available: true, reason: '', remedy: '' }], refused: '', remedy: '' },
  packets: undefined,
  tellsEnds: false,
  eventsRefused: '',
  capabilities: new Set(['CAP_NET_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']),
  user: 'root',
  deniedProcesses: 0,
  countsDescriptors: true,
  scope: 'machine',
  namespaces: { unavailable: '', watched: 3, leftOut: 0, refused: { count: 0, message: '' }, longestUs: 1e6 },
  brief: { refused: '' },
  failure: () => undefined,
};
const source = (state: Partial<SourceState>, name: string) =>
  describeSources({ ...full, ...state }).find((entry) => entry.name === name)!;

describe('tier', () => {
  it.each<[string, Partial<SourceState> & { hasEngine?: boolean }, number]>([
    ['the engine', { hasEngine: true, capabilities: new Set() }, 1],
    ['everything else', {}, 2],
    ['no events', { eventsRefused: 'refused' }, 3],
    ['no CAP_NET_ADMIN', { capabilities: new Set(['CAP_SYS_PTRACE', 'CAP_DAC_READ_SEARCH']) }, 3],
    ['own processes only', { capabilities: new Set(['CAP_NET_ADMIN']) }, 3],
  ])('with %s', (_what, state, tier) => expect(tierOf({ hasEngine: false, ...full, ...state })).toBe(tier));
});

describe('sources', () => {
  it('have nothing to add when all works', () => {
    const limited = describeSources(full).filter((entry) => entry.reason !== '' || !entry.available);
    expect(limited).toEqual([]);
    expect(source({}, 'ebpf_dns')).toMatchObject({ available: true });
  });

  it('leave out what the engine makes needless, and tell what stands in for it', () => {
    const engine = { features: [], refused: 'bpf(2) failed with EPERM', remedy: 'grant it CAP_BPF' };
    expect(source({ engine }, 'ebpf')).toEqual({
      name: 'ebpf',
      available: false,
      reason: 'bpf(2) failed with EPERM; the shortest connections have no process, and UDP has no byte counts',
      remedy: 'grant it CAP_BPF',
    });
    expect(source({ tellsEnds: true }, 'destroy_events')).toBeUndefined();
    expect(source({ packets: { refused: 'EPERM', dropped: 0 } }, 'packets')).toMatchObject({
      available: false,
      reason: 'EPERM; neither DNS nor TLS names are seen',
      remedy: expect.stringMatching(/CAP_NET_RAW/),
    });
    expect(source({ packets: { refused: '', dropped: 7 } }, 'packets').reason).toBe('the kernel dropped 7 packets');
  });

  it('say why and what would help', () => {
    expect(source({ eventsRefused: 'Joining failed with EPERM' }, 'destroy_events')).toMatchObject({
      available: false,
      reason: expect.stringMatching(/^Joining failed with EPERM; connections shorter than a second go unseen/),
      remedy: 'run the agent as root, or grant it CAP_NET_ADMIN',
    });
    expect(source({ capabilities: new Set(), user: 'me' }, 'owners').reason).toBe(
      'only connections of processes of user me have a process',
    );
    expect(source({ deniedProcesses: 1 }, 'owners').reason).toBe(
      'the kernel refused to show the descriptors of 1 process',
    );
    const some = {
      unavailable: '',
      watched: 256,
      leftOut: 12,
      refused: { count: 1, message: 'EPERM' },
      longestUs: 4e6,
    } as const;
    expect(source({ namespaces: some }, 'namespaces')).toMatchObject({
      available: true,
      reason:
        '12 network namespaces beyond the first 256 are left out; 1 network namespaces could not be entered (EPERM); ' +
        'the 256 network namespaces are so costly to read that each gets its turn every 4 s',
    });
    expect(source({ namespaces: { ...some, unavailable: 'capability' } }, 'namespaces')).toMatchObject({
      available: false,
      reason: expect.stringMatching(/as containers have, go unseen/),
      remedy: 'run the agent as root, or grant it CAP_SYS_ADMIN and CAP_SYS_PTRACE',
    });
    expect(source({ brief: { refused: 'Joining failed with EPERM' } }, 'process_events')).toMatchObject({
      available: false,
      reason: 'Joining failed with EPERM; processes that live less than a second go unseen',
      remedy: expect.stringMatching(/CAP_NET_ADMIN/),
    });
    expect(source({ brief: { refused: '', missed: 3, overflows: 1, failure: '' } }, 'process_events')).toMatchObject({
      available: true,
      reason: expect.stringMatching(/^3 processes had ended .*; the kernel dropped events 1 times$/),
    });
    expect(source({ scope: 'namespace' }, 'sock_diag').reason).toMatch(/only the sockets of the network namespace/);
    expect(source({ countsDescriptors: false }, 'processes').reason).toMatch(/older than 6.2/);
    expect(source({ failure: (name) => (name === 'interfaces' ? 'gone' : undefined) }, 'interfaces')).toMatchObject({
      available: false,
      reason: 'gone',
    });
  });
});

describe('source health', () => {
  it('gives the fallback, reports each tick, and logs only changes', () => {
    const lines: string[] = [];
    const log = pino(
      { level: 'info' },
      { write: (line: string) => void lines.push((JSON.parse(line) as { event: string }).event) },
    );
    const health = new SourceHealth(log);
    const broken = () => {
      throw new HostError('unreadable', 'Reading failed', { retryable: true });
    };
    for (let i = 0; i < 3; i++) {
      expect(health.attempt('processes', broken, 7)).toBe(7);
      expect(health.endTick()).toEqual([{ source: 'processes', message: 'Reading failed' }]);
    }
    expect(health.message('processes')).toBe('Reading failed');
    expect(health.attempt('processes', () => 8, 7)).toBe(8);
    expect(health.endTick()).toEqual([]);
    expect(health.message('processes')).toBeUndefined();
    expect(lines).toEqual(['source-failed', 'source-recovered']);
  });
});
