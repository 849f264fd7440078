// The place of the packet capture among the tools: this version has none.
import { ToolRefusal } from './tool-refusal.ts';
import type { Tool } from './tool.ts';

const refuse = (): never => {
  throw new ToolRefusal('not-supported', 'This version of the agent captures no packets.');
};

export const capture: Tool<'capture'> = { target: () => '', aim: async () => refuse(), run: async () => refuse() };
