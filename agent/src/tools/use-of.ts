// What a request does with its target, for the guard.
import type { ToolRequest } from '@foretop/proto/tools';
import type { Use } from './guard/guard.ts';

/** undefined: its addresses are name servers, which the tool judges itself, since the host's own need no leave. */
export function useOf({ tool, parameters }: ToolRequest): Use | undefined {
  switch (tool) {
    case 'ping':
    case 'trace':
    case 'watch':
      return parameters.protocol === 'tcp' ? 'connect' : 'probe';
    case 'scan':
      return 'scan';
    case 'certificate':
    case 'http':
      return 'connect';
    case 'dns':
    case 'capture':
      return undefined;
    default:
      return tool satisfies never;
  }
}
