// Accepting a watch: the target is judged as for a ping. What goes on from then on is the watcher's.
import { aimAt } from '../aim.ts';
import { requireProbes } from '../needs.ts';
import type { Tool } from '../tool.ts';
import { probeOnce } from './probe-once.ts';

export const watch: Tool<'watch'> = {
  target: ({ target }) => target,
  async aim({ target, protocol }, aid) {
    const addresses = await aimAt({ target, use: protocol === 'tcp' ? 'connect' : 'probe' }, aid);
    if (protocol === 'icmp') requireProbes('icmp', addresses[0]!);
    return addresses;
  },
  /** One attempt, so that whoever asked sees at once whether it works. */
  async run({ parameters, addresses, say, signal }) {
    const { answered, rttUs } = await probeOnce(parameters, addresses[0]!, signal);
    say(
      answered
        ? { kind: 'ping', attempt: 1, outcome: 'answered', rttUs }
        : { kind: 'ping', attempt: 1, outcome: 'timeout' },
    );
    const until = new Date(parameters.expiresAt * 1_000).toISOString();
    const detail = `every ${parameters.intervalSeconds} s until ${until}`;
    return { detail, summary: { intervalSeconds: parameters.intervalSeconds, expiresAt: parameters.expiresAt } };
  },
};
