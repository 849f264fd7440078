// The tools: what they are asked, what they say, and the checks of both.
export * from './events.ts';
export * from './parameters.ts';
export { checkToolEvent, readToolEvents } from './check-events.ts';
export { checkToolRequest, readToolRequest, toolCapability } from './check-parameters.ts';
export { differences } from './differences.ts';
export { pingFigures, type RoundTrips } from './ping-figures.ts';
export { serverEventReader } from './server-events.ts';
export { differenceOf } from './same-request.ts';
export { mostCaptureBytes, toolLimits, toolSeconds } from './limits.ts';
export { type Endpoint, endpointOf, isIpv4, isIpv6, portsOf } from './ports.ts';
export { ToolFault } from './tool-fault.ts';
export { type Hop, traceHops } from './trace-hops.ts';
