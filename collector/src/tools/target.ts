// A request in words: what it is aimed at, and what the audit calls it.
import type { ToolRequest } from '@foretop/proto/tools';

/** As typed; empty = nothing. */
export function targetOf({ tool, parameters }: ToolRequest): string {
  if (tool === 'dns') return parameters.name;
  if (tool === 'http') return parameters.url;
  return tool === 'capture' ? '' : parameters.target;
}

/** "ping example.org, tcp port 443", "capture headers of eth0: port 53". */
export function summaryOf(request: ToolRequest): string {
  const { tool, parameters } = request;
  const details: string[] = [];
  if (tool === 'capture') {
    const { content, filter } = parameters;
    return `capture ${content} of ${parameters.interface || 'all interfaces'}${filter === '' ? '' : `: ${filter}`}`;
  }
  if (tool === 'dns') details.push(parameters.types.join(' '));
  if (tool === 'scan') details.push(`${parameters.method} ports ${parameters.ports}`);
  if ('protocol' in parameters) details.push(parameters.protocol);
  if ('port' in parameters && parameters.port !== undefined) details.push(`port ${parameters.port}`);
  if (tool === 'watch') details.push(`every ${parameters.intervalSeconds} s`);
  return [`${tool} ${targetOf(request)}`, ...details].join(', ');
}
