// What would be looked at, and from where: a tool's offer names the addresses that its target resolved to, and only the first is used.
import { formatAddress, type RunTool } from '@foretop/proto';
import type { ToolRequest } from '@foretop/proto/tools';
import type { OfferPreview } from '@foretop/proto/trust';
import { parseToolRequest, prepareTool } from '../tools/run-tool.ts';
import { ToolRefusal } from '../tools/tool-refusal.ts';
import { requireLife } from '../tools/watch/life.ts';
import type { Desk } from './desk.ts';
import type { Draft } from './draft.ts';
import { Refusal } from './refusal.ts';

const nothing: OfferPreview = {
  parent: null,
  unit: '',
  container: '',
  children: [],
  childCount: 0,
  connections: [],
  connectionCount: 0,
  restartedBy: '',
  restartChecked: [],
};

/** Throws Refusal. */
export function toolRequestOf({ tool, parameters }: RunTool): ToolRequest {
  return refusing(() => parseToolRequest(tool ?? '', parameters ?? ''));
}

/** Throws Refusal. */
export async function draftTool(
  request: ToolRequest,
  { guard, watches }: Pick<Desk, 'guard' | 'watches'>,
): Promise<Draft> {
  if (request.tool === 'watch') {
    refusing(() => requireLife(request.parameters, watches.nowSeconds()));
    watches.requireRoom(request.parameters.id);
  }
  const prepared = await prepareTool(request, guard).catch(refuse);
  const addresses = prepared.addresses.map(formatAddress);
  return {
    action: { kind: 'run-tool', tool: request.tool, parameters: JSON.stringify(request.parameters), addresses },
    preview: nothing,
    target: { kind: 'run-tool', prepared },
  };
}

/** The tools' refusals in the words of commands. */
export function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  if (error instanceof ToolRefusal) throw new Refusal(error.code, error.message, { cause: error });
  throw error;
}
