// The Tools page in the address bar: which tool, at what, from where, with which parameters.
import type { ToolRequest } from '@foretop/proto/tools';
import { formOf, standardValues, valuesOf, type ToolForm, type Values } from './tool-forms.ts';

export interface Asked {
  form: ToolForm;
  target: string;
  hostIds: number[];
  values: Values;
}

/** Of parameters that say nothing, the standard is taken. */
export function readAsked(parameters: Pick<URLSearchParams, 'get'>): Asked {
  const form = formOf(parameters.get('tool') ?? undefined);
  const values = standardValues(form);
  for (const { name } of form.fields) values[name] = parameters.get(name) ?? values[name]!;
  const hostIds = (parameters.get('from') ?? '')
    .split(',')
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  return { form, target: parameters.get('target') ?? '', hostIds: [...new Set(hostIds)], values };
}

/** What differs from the standard only. */
export function askedLink({ form, target, hostIds, values }: Asked): string {
  const parameters = new URLSearchParams({ tool: form.name });
  if (target !== '') parameters.set('target', target);
  if (hostIds.length > 0) parameters.set('from', hostIds.join(','));
  const standard = standardValues(form);
  for (const { name, when } of form.fields) {
    const value = values[name] ?? '';
    if (value !== standard[name] && (!when || when(values))) parameters.set(name, value);
  }
  return `/tools?${parameters.toString()}`;
}

/** What was asked then, to ask it again. */
export const askedOf = (run: ToolRequest & { target: string; hosts: readonly { hostId: number }[] }): Asked => ({
  form: formOf(run.tool),
  target: run.target,
  hostIds: run.hosts.map(({ hostId }) => hostId),
  values: valuesOf(run),
});

/** From a host, or at an address that is seen from it. */
export const lookLink = (about: { tool?: string; target?: string; hostId?: number }): string => {
  const parameters = new URLSearchParams();
  if (about.tool) parameters.set('tool', about.tool);
  if (about.target) parameters.set('target', about.target);
  if (about.hostId) parameters.set('from', String(about.hostId));
  return `/tools?${parameters.toString()}`;
};

/** To capture what an address sends and receives. */
export const captureLink = (address: string): string =>
  `/tools?${new URLSearchParams({ tool: 'capture', filter: `host ${address}` }).toString()}`;
