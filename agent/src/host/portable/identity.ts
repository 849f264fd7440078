// Which machine and which boot this is, on systems that have an id of the machine but none of the boot.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';

// Clocks are set by fractions of a second as a rule; the boot must not seem another one when the agent starts again.
const BOOT_ROUNDING_US = 60_000_000;

// systemd and D-Bus; FreeBSD.
const machineIdFiles = ['/etc/machine-id', '/var/lib/dbus/machine-id', '/etc/hostid'];

/** On systems that keep it in a file; undefined when there is none. */
export function readMachineIdFile(): string | undefined {
  for (const path of machineIdFiles) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (/^[0-9a-f-]{32,36}$/i.test(id) && !/^[0f-]+$/i.test(id)) return id;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** SHA-256 over the system's id of the machine, so that the id itself stays home; else over its first hardware address or name. */
export function machineIdOf(id: string | undefined): Uint8Array {
  if (id) return sha256(`foretop machine\nid\n${id.toLowerCase()}`);
  const address = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter((entry) => !entry.internal && entry.mac !== '00:00:00:00:00:00')
    .map((entry) => entry.mac)
    .sort()[0];
  return sha256(address ? `foretop machine\nmac\n${address}` : `foretop machine\nname\n${hostname()}`);
}

/**
 * 16 bytes that stay the same for one boot: out of the machine's id and the minute of the boot. An agent that starts again
 * after the clock was set by a minute or more, or whose boot falls on a boundary, takes it for another boot: what was open
 * then is recorded as new connections.
 */
export function bootIdOf(machineId: Uint8Array, bootUnixUs: number): Uint8Array {
  const minute = Math.round(bootUnixUs / BOOT_ROUNDING_US);
  const hash = createHash('sha256').update('foretop boot\n').update(machineId).update(`\n${minute}`).digest();
  return Uint8Array.from(hash.subarray(0, 16));
}

function sha256(text: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(text).digest());
}
