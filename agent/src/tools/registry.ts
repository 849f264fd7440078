// All tools by name. Each is loaded when it is first asked for: an agent that nobody asks anything stays small.
import type { ToolName } from '@foretop/proto/tools';
import type { Tool } from './tool.ts';

export const registry: { [Name in ToolName]: () => Promise<Tool<Name>> } = {
  ping: async () => (await import('./ping/ping.ts')).ping,
  trace: async () => (await import('./trace/trace.ts')).trace,
  dns: async () => (await import('./dns/dns.ts')).dns,
  scan: async () => (await import('./scan/scan.ts')).scan,
  certificate: async () => (await import('./certificate/certificate.ts')).certificate,
  http: async () => (await import('./http/http.ts')).http,
  watch: async () => (await import('./watch/watch.ts')).watch,
  capture: async () => (await import('./capture/capture.ts')).capture,
};
