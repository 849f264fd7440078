// Which machine and which boot this is.
import { createHash } from 'node:crypto';
import { hostname, networkInterfaces } from 'node:os';
import { HostError } from './host-error.ts';
import { readText } from './linux/procfs.ts';

export interface IdentitySources {
  /** First line of a file; undefined when it cannot be read. */
  text(path: string): string | undefined;
  hostname(): string;
  hardwareAddresses(): string[];
}

const linuxSources: IdentitySources = {
  text: readText,
  hostname,
  hardwareAddresses: () =>
    Object.values(networkInterfaces())
      .flatMap((entries) => entries ?? [])
      .filter((entry) => !entry.internal && entry.mac !== '00:00:00:00:00:00')
      .map((entry) => entry.mac),
};

const BOOT_ID = '/proc/sys/kernel/random/boot_id';
const machineIdFiles = ['/etc/machine-id', '/var/lib/dbus/machine-id', '/sys/class/dmi/id/product_uuid'];

// What images and firmware ship instead of an id of their own.
const placeholder = /^(?:uninitialized|0[0-]*|f[f-]*|03000200-0400-0500-0006-000700080009)?$/i;

/** 16 bytes. Throws HostError: without it nothing that is recorded could be told from another boot's. */
export function readBootId(sources: IdentitySources = linuxSources): Uint8Array {
  const text = sources.text(BOOT_ID) ?? '';
  const hex = text.replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/i.test(hex)) {
    throw new HostError('unreadable', `Reading ${BOOT_ID} failed: found "${text.slice(0, 64)}", a UUID is required`, {
      retryable: false,
    });
  }
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** SHA-256 over the first id that the machine has, so that the id itself stays home; else over its name and hardware addresses. */
export function readMachineId(sources: IdentitySources = linuxSources): Uint8Array {
  for (const path of machineIdFiles) {
    const id = sources.text(path)?.trim().toLowerCase() ?? '';
    if (!placeholder.test(id)) return digest(`id\n${id}`);
  }
  const addresses = [...new Set(sources.hardwareAddresses())].sort();
  const first = addresses[0];
  return digest(first ? `mac\n${first}` : `name\n${sources.hostname()}`);
}

function digest(text: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(`foretop machine\n${text}`).digest());
}
