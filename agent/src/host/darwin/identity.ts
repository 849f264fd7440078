// Ids of the machine and the boot on macOS, as its tools print them.

/** The value of IOPlatformUUID in `ioreg -rd1 -c IOPlatformExpertDevice`; undefined when it is not there. */
export function parsePlatformUuid(text: string): string | undefined {
  return /"IOPlatformUUID"\s*=\s*"([0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12})"/i.exec(text)?.[1];
}

/** 16 bytes of `sysctl -n kern.bootsessionuuid`; undefined when it is no UUID. */
export function parseBootSession(text: string): Uint8Array | undefined {
  const hex = text.trim().replaceAll('-', '');
  return /^[0-9a-f]{32}$/i.test(hex) ? Uint8Array.from(Buffer.from(hex, 'hex')) : undefined;
}

/** "macOS 15.1" out of `sw_vers`. */
export function parseSystemVersion(text: string): string {
  const value = (name: string) => new RegExp(`^${name}:\\s*(.+?)\\s*$`, 'm').exec(text)?.[1];
  return [value('ProductName') ?? 'macOS', value('ProductVersion')].filter(Boolean).join(' ');
}
