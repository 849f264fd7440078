// What a command is about, as the page that asks knows it; the host's own offer says it again, exactly.
import type { WantedAction } from '@foretop/proto/api';

interface OnHost {
  hostId: number;
  /** Safe to show. */
  hostName: string;
}

export interface ProcessTarget extends OnHost {
  kind: 'terminate';
  /** `<hostId>-<16 hex digits>` */
  id: string;
  pid: number;
  /** Safe to show. */
  process: string;
}

export interface ConnectionTarget extends OnHost {
  kind: 'close-connection';
  id: string;
  remote: string;
}

export type Target = ProcessTarget | ConnectionTarget;

export const titleOf = (target: Target): string =>
  target.kind === 'terminate'
    ? `Terminate ${target.process || `process ${target.pid}`} on ${target.hostName}`
    : `Close a connection of ${target.hostName}`;

/** Where the offer is asked for and the signature goes; a process with or without its descendants. */
export const pathOf = (target: Target, tree: boolean): string =>
  target.kind === 'terminate' ? `/processes/${target.id}${tree ? '?tree=true' : ''}` : `/connections/${target.id}`;

export const wantedAction = (target: Target, tree: boolean): WantedAction =>
  target.kind === 'terminate'
    ? { kind: 'terminate', processId: target.id, tree }
    : { kind: 'close-connection', connectionId: target.id };
