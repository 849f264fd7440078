// What started a process, and the unit or container around it, as links of a chain.
import type { ProcessDetail } from '@foretop/proto/api';
import Box from '@lucide/svelte/icons/box';
import Cpu from '@lucide/svelte/icons/cpu';
import Settings from '@lucide/svelte/icons/settings';
import SquareTerminal from '@lucide/svelte/icons/square-terminal';
import { visible } from '#lib/format/visible.ts';
import type { ProcessRow } from '#lib/live/host-tables.ts';
import { dateAndTime } from '#lib/time/clock.ts';
import type { ChainLink } from '#lib/ui/Chain.svelte';

export function chainOfProcess(row: ProcessRow, detail: ProcessDetail | undefined): ChainLink[] {
  const parents = detail?.parents ?? [];
  const fromCgroup = { mono: true, inferred: true, detail: 'from the cgroup' };
  return [
    { icon: Cpu, title: row.process || 'unnamed', aside: `${row.key} ${row.user}` },
    ...parents.map((parent) => ({
      icon: SquareTerminal,
      title: visible(parent.process) || 'unnamed',
      aside: `${parent.pid}, started ${dateAndTime(Date.parse(parent.startedAt))}`,
    })),
    ...(parents.length === 0 && row.parentPid > 0
      ? [
          {
            icon: SquareTerminal,
            title: `process ${row.parentPid}`,
            inferred: true,
            detail: 'its parent, not on record',
          },
        ]
      : []),
    ...(row.container ? [{ icon: Box, title: row.container, ...fromCgroup }] : []),
    ...(row.unit ? [{ icon: Settings, title: row.unit, ...fromCgroup }] : []),
  ];
}
