// The id of the machine on Windows, as reg.exe prints it.

/** The value of MachineGuid in `reg query HKLM\SOFTWARE\Microsoft\Cryptography /v MachineGuid`; undefined when it is not there. */
export function parseMachineGuid(text: string): string | undefined {
  return /\bMachineGuid\s+REG_SZ\s+([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b/i.exec(text)?.[1];
}
