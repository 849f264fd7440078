// What an agent says about itself in Hello: its bounds checked, its facts cleaned for the store.
import { isIP } from 'node:net';
import { type Hello, limits, ProtocolError, type SpooledEpoch } from '@foretop/proto';
import type { HostFactsRow } from '../store/queries/hosts.ts';
import { cleanText, cleanTimeZone } from '../store/host-text.ts';
import type { HostReading } from './clock.ts';

/** A Hello whose identity, clock and epochs have the right shape. */
export interface CheckedHello {
  hello: Hello;
  bootId: Uint8Array;
  reading: HostReading;
  epochs: { epoch: Uint8Array; firstSequence: number; lastSequence: number }[];
}

/** Throws ProtocolError. */
export function checkHello(hello: Hello): CheckedHello {
  const { clock, enrolment } = hello;
  must(hello.machineId?.length === 32, `machine id has ${hello.machineId?.length ?? 0} bytes, expected 32`);
  must(
    (hello.jwt?.length ?? 0) <= limits.jwtLength,
    `token has ${hello.jwt?.length} characters, at most ${limits.jwtLength}`,
  );
  if (enrolment) {
    const tokenLength = enrolment.token?.length ?? 0;
    must(
      tokenLength <= limits.tokenLength,
      `enrolment token has ${tokenLength} characters, at most ${limits.tokenLength}`,
    );
    must(enrolment.publicKey?.length === 32, `public key has ${enrolment.publicKey?.length ?? 0} bytes, expected 32`);
  }
  must(clock?.bootId?.length === 16, `boot id has ${clock?.bootId?.length ?? 0} bytes, expected 16`);
  must(isCount(clock?.boottimeUs) && isCount(clock?.wallUs), 'clock reading is beyond 2^53');
  const counts: [string, number, number][] = [
    ['epochs', hello.epochs?.length ?? 0, limits.epochs],
    ['sources', hello.sources?.length ?? 0, limits.sources],
    ['addresses', hello.host?.addresses?.length ?? 0, limits.addresses],
  ];
  for (const [what, count, most] of counts)
    must(count <= most, `Hello has ${count} ${what}, at most ${most} are allowed`);
  return {
    hello,
    bootId: clock!.bootId!,
    reading: { boottimeUs: clock!.boottimeUs ?? 0, wallUs: clock!.wallUs ?? 0 },
    epochs: (hello.epochs ?? []).map(checkEpoch),
  };
}

function checkEpoch({ epoch, firstSequence, lastSequence }: SpooledEpoch): CheckedHello['epochs'][number] {
  must(epoch?.length === 8, `epoch has ${epoch?.length ?? 0} bytes, expected 8`);
  const first = firstSequence ?? 0;
  const last = lastSequence ?? 0;
  must(isCount(first) && isCount(last) && first >= 1 && last >= first, `epoch holds batches ${first} to ${last}`);
  return { epoch: epoch!, firstSequence: first, lastSequence: last };
}

function must(condition: boolean, fault: string): void {
  if (!condition) throw new ProtocolError('malformed-frame', `Hello is not valid: ${fault}`);
}

const isCount = (value: number | null | undefined): boolean => Number.isSafeInteger(value ?? 0) && (value ?? 0) >= 0;

/** The name that a host goes by; one that gives none is called by its key. */
export function hostName(hello: Hello): string {
  const given = cleanText(hello.host?.name, limits.nameLength).trim();
  return given === '' ? `host ${Buffer.from(hello.machineId ?? []).toString('hex', 0, 4)}` : given;
}

/** Postgres' int4. */
const largestInt4 = 2 ** 31 - 1;

export function hostFacts(checked: CheckedHello, version: number, offsetUs: number, nowUs: number): HostFactsRow {
  const { hello } = checked;
  const host = hello.host ?? {};
  const name = (text: string | null | undefined): string => cleanText(text, limits.nameLength);
  return {
    name: hostName(hello),
    os: name(host.os),
    kernel: name(host.kernel),
    arch: name(host.arch),
    platform: name(host.platform),
    addresses: (host.addresses ?? []).filter((address) => isIP(address) !== 0),
    cpus: Math.min(host.cpus ?? 0, largestInt4),
    memoryBytes: isCount(host.memoryBytes) ? (host.memoryBytes ?? 0) : 0,
    timeZone: cleanTimeZone(host.timeZone),
    agentVersion: name(hello.agentVersion),
    protocolVersion: version,
    scope: hello.scope === 'machine' || hello.scope === 'namespace' ? hello.scope : '',
    tier: (hello.tier ?? 0) <= 4 ? (hello.tier ?? 0) : 0,
    sources: (hello.sources ?? []).map((source) => ({
      name: name(source.name),
      available: source.available ?? false,
      reason: cleanText(source.reason, limits.textLength),
      remedy: cleanText(source.remedy, limits.textLength),
    })),
    // The offset is the boot's instant. One after now is a lie or a fault, and one before 1970 cannot be.
    bootedAt: offsetUs > 0 && offsetUs <= nowUs ? new Date(offsetUs / 1000) : null,
    seenAt: new Date(nowUs / 1000),
  };
}
