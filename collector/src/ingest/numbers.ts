// Ranges of the columns that numbers from a host go into.

export const isInt4 = (value: number) => Number.isInteger(value) && value >= 0 && value <= 0x7fff_ffff;

/** A count that a JavaScript number and an int8 both hold exactly. */
export const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;

export const isPort = (value: number) => value >= 0 && value <= 0xffff;

/** Optional fields of the wire: absent is null. undefined = present and out of range. */
export function optionalCount(value: number | null | undefined): number | null | undefined {
  if (value === null || value === undefined) return null;
  return isCount(value) ? value : undefined;
}
