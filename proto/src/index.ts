// What agent, collector and lab share: messages, codec, limits, close codes.
export * from './messages.ts';
export * from './codec.ts';
export * from './version.ts';
export * from './limits.ts';
export * from './close-codes.ts';
export * from './gap-reasons.ts';
export * from './tcp-state.ts';
export * from './address.ts';
export * from './address-kind.ts';
export * from './delta-varint.ts';
export * from './dns-names.ts';
export * from './cards/index.ts';
export { protocols } from './capture/decode/protocol-numbers.ts';
