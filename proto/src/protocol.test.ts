// The tables of the protocol: versions, close codes, gap reasons, states and limits hold together.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeNameOf, closeReasons, type CloseName } from './close-codes.ts';
import { gapReasons } from './gap-reasons.ts';
import { limits } from './limits.ts';
import { stateName, stateNames, stateNumbers } from './tcp-state.ts';
import { minimumProtocolVersion, negotiateVersion, protocolVersion } from './version.ts';

const side = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 8 }))
  .map(([oldest, more]) => ({ oldest, newest: oldest + more }));

test.each([
  [{ newest: 1, oldest: 1 }, { newest: 1, oldest: 1 }, 1],
  [{ newest: 3, oldest: 1 }, { newest: 2, oldest: 2 }, 2],
  [{ newest: 3, oldest: 3 }, { newest: 2, oldest: 1 }, undefined],
  [{ newest: 1, oldest: 1 }, { newest: 9, oldest: 2 }, undefined],
])('%j and %j speak version %s', (ours, theirs, version) => {
  expect(negotiateVersion(ours, theirs)).toBe(version);
});

test('both sides come to the same version, one that both speak, and to one whenever there is one', () => {
  fc.assert(
    fc.property(side, side, (a, b) => {
      const version = negotiateVersion(a, b);
      expect(negotiateVersion(b, a)).toBe(version);
      const common = Math.max(a.oldest, b.oldest) <= Math.min(a.newest, b.newest);
      expect(version !== undefined).toBe(common);
      if (version !== undefined) expect(version).toBe(Math.min(a.newest, b.newest));
    }),
  );
});

test('this build speaks a version with itself', () => {
  const self = { newest: protocolVersion, oldest: minimumProtocolVersion };
  expect(negotiateVersion(self, self)).toBe(protocolVersion);
});

test('close codes are unique, in the range for applications, and lead back to their name', () => {
  const names = Object.keys(closeReasons) as CloseName[];
  const codes = names.map((name) => closeReasons[name].code);
  expect(new Set(codes).size).toBe(codes.length);
  for (const name of names) {
    const { code, text } = closeReasons[name];
    expect(code).toBeGreaterThanOrEqual(4000);
    expect(code).toBeLessThanOrEqual(4999);
    expect(text).toMatch(/^[A-Z].*[^.]$|^[A-Z].*\.$/);
    expect(closeNameOf(code)).toBe(name);
  }
  expect(closeNameOf(1006)).toBeUndefined();
});

test('close names fit into a close frame of 123 bytes (RFC 6455 section 5.5)', () => {
  for (const name of Object.keys(closeReasons)) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(123);
});

test('gap reasons are names with an explanation', () => {
  for (const [reason, text] of Object.entries(gapReasons)) {
    expect(reason).toMatch(/^[a-z-]+$/);
    expect(text.length).toBeGreaterThan(5);
  }
});

test('every state name leads to numbers that lead back', () => {
  for (const name of stateNames) {
    const protocol = name === 'unconnected' ? 17 : 6;
    expect(stateNumbers(name).length).toBeGreaterThan(0);
    for (const number of stateNumbers(name)) expect(stateName(protocol, number)).toBe(name);
  }
});

test('numbers without meaning have no state name', () => {
  for (const number of [-1, 0, 13, 255, 1.5]) expect(stateName(6, number)).toBeUndefined();
  for (const number of [0, 2, 6, 10]) expect(stateName(17, number)).toBeUndefined();
});

test('what is legal within one limit is legal within the others', () => {
  expect(limits.batchPayloadBytes).toBeLessThan(limits.frameBytes);
  expect(limits.batchSealBytes).toBeLessThan(limits.batchPayloadBytes);
  expect(limits.batchSealBytes).toBeLessThan(limits.batchBodyBytes);
  expect(limits.leaseRenewMs * 2).toBeLessThan(limits.leaseMs);
});
