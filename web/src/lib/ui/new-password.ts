// Passwords that the browser makes: as long as the collector wants, without letters that look alike.

/** As the collector asks for. */
export const shortestPassword = 15;

const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const groups = 5;
const groupLength = 4;

/** Some 116 bits, in groups that can be read out. */
export function makePassword(
  random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes),
): string {
  const text: string[] = [];
  while (text.length < groups * groupLength) {
    for (const byte of random(new Uint8Array(64))) {
      // Beyond the last whole multiple some letters would come more often.
      if (byte < 256 - (256 % letters.length)) text.push(letters[byte % letters.length]!);
    }
  }
  return Array.from({ length: groups }, (_, group) =>
    text.slice(group * groupLength, (group + 1) * groupLength).join(''),
  ).join('-');
}
