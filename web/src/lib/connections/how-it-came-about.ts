// The chain behind a connection: its name, itself, its process, what started that, and the unit or container around it.
import type { Process } from '@foretop/proto/api';
import AtSign from '@lucide/svelte/icons/at-sign';
import Box from '@lucide/svelte/icons/box';
import Cable from '@lucide/svelte/icons/cable';
import Cpu from '@lucide/svelte/icons/cpu';
import Settings from '@lucide/svelte/icons/settings';
import SquareTerminal from '@lucide/svelte/icons/square-terminal';
import { visible } from '#lib/format/visible.ts';
import { dateAndTime } from '#lib/time/clock.ts';
import type { ChainLink } from '#lib/ui/Chain.svelte';
import { localEnd, remoteEnd } from './connection-columns.ts';
import { containerText, isInferredOwner, nameSources, ownerRules, type ConnectionRow } from './connection-row.ts';

const badges: Record<(typeof nameSources)[number], string> = {
  none: 'none',
  dns: 'DNS',
  sni: 'SNI',
  'reverse-dns': 'PTR',
};

const ownerWords: Record<(typeof ownerRules)[number], string> = {
  unknown: 'not said how it is known',
  connect: 'seen to connect or send',
  accept: 'seen to accept it',
  holder: 'holds the open socket',
  create: 'seen to create the socket',
  close: 'seen to close it',
  listener: 'holds the listening socket that it came from',
  kernel: 'the kernel itself',
};

/** The owner of a connection in words: by what the agent knows it. */
export const ownerText = (row: Pick<ConnectionRow, 'ownerRule'>): string =>
  ownerWords[ownerRules[row.ownerRule] ?? 'unknown'];

export interface Behind {
  row: ConnectionRow;
  /** null: not known. */
  process: Process | null;
  parents: readonly Process[];
  processHref: string | undefined;
}

export function chainOf({ row, process, parents, processHref }: Behind): ChainLink[] {
  return [
    ...nameLink(row),
    connectionLink(row),
    processLink(row, process, processHref),
    ...parents.map(parentLink),
    ...around(row, process),
  ];
}

function nameLink(row: ConnectionRow): ChainLink[] {
  if (!row.remoteAddress) return [];
  const source = nameSources[row.nameSource] ?? 'none';
  if (!row.name)
    return [
      {
        icon: AtSign,
        title: 'No name seen',
        badge: badges.none,
        inferred: true,
        detail: 'address used directly, asked before the agent ran, or DNS over HTTPS',
      },
    ];
  return [{ icon: AtSign, title: row.name, badge: badges[source], inferred: source === 'reverse-dns' }];
}

function connectionLink(row: ConnectionRow): ChainLink {
  return {
    icon: Cable,
    mono: true,
    title: row.remoteAddress ? remoteEnd(row) : localEnd(row),
    aside: row.remoteAddress ? row.protocol.toUpperCase() : `${row.protocol.toUpperCase()}, waits for others`,
    ...(row.alpn ? { badge: row.alpn } : {}),
  };
}

function processLink(row: ConnectionRow, process: Process | null, href: string | undefined): ChainLink {
  if (row.pid === null)
    return {
      icon: Cpu,
      title: ownerRules[row.ownerRule] === 'kernel' ? 'The kernel itself' : 'Process not known',
      inferred: ownerRules[row.ownerRule] !== 'kernel',
      detail:
        row.state === 'time-wait'
          ? 'the kernel keeps none for a connection that is closed'
          : 'without root the agent sees only the processes of its own user',
    };
  const command = visible(process?.commandLine ?? '');
  return {
    icon: Cpu,
    title: row.process || 'unnamed',
    aside: [row.pid, visible(process?.user ?? '')].filter(Boolean).join(' '),
    inferred: isInferredOwner(row),
    detail: command ? `${command}` : ownerText(row),
    monoDetail: command !== '',
    ...(href ? { href } : {}),
  };
}

const parentLink = (parent: Process): ChainLink => ({
  icon: SquareTerminal,
  title: visible(parent.process) || 'unnamed',
  aside: `${parent.pid}, started ${dateAndTime(Date.parse(parent.startedAt))}`,
});

/** What a cgroup's path says is inferred: nobody saw the unit start the process. */
function around(row: ConnectionRow, process: Process | null): ChainLink[] {
  const unit = visible(process?.unit ?? '') || row.unit;
  const container = process?.container ? containerText(process.container) : row.container;
  const from = { mono: true, inferred: true, detail: 'from the cgroup' };
  return [
    ...(container ? [{ icon: Box, title: container, ...from }] : []),
    ...(unit ? [{ icon: Settings, title: unit, ...from }] : []),
  ];
}
