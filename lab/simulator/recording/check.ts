// Whether a value out of a file has the shape that it must have, and where it has not.

/** Says what is wrong with a value, naming it by its path. */
export type Check = (value: unknown, path: string) => string | undefined;

export const faultIn = (value: unknown, check: Check): string | undefined => check(value, 'it');

export function object(fields: Record<string, Check>): Check {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${path} is not an object`;
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
    if (unknown !== undefined) return `${path} has '${unknown.slice(0, 40)}', which means nothing here`;
    for (const [key, check] of Object.entries(fields)) {
      const fault = check((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

export function list(most: number, check: Check): Check {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > most) return `${path} is not a list of at most ${most}`;
    for (const [index, item] of value.entries()) {
      const fault = check(item, `${path}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
}

export const number =
  (least: number, most: number): Check =>
  (value, path) =>
    typeof value === 'number' && value >= least && value <= most
      ? undefined
      : `${path} is not a number from ${least} to ${most}`;

export const whole =
  (least: number, most: number): Check =>
  (value, path) =>
    Number.isInteger(value) ? number(least, most)(value, path) : `${path} is not a whole number`;

/** Printable ASCII of at most that length. */
export const text =
  (most: number): Check =>
  (value, path) =>
    typeof value === 'string' && value.length <= most && /^[ -~]*$/.test(value)
      ? undefined
      : `${path} is not a text of at most ${most} plain characters`;

export const truth: Check = (value, path) => (typeof value === 'boolean' ? undefined : `${path} is not true or false`);

export const oneOf =
  (...values: readonly unknown[]): Check =>
  (value, path) =>
    values.includes(value) ? undefined : `${path} is none of ${values.join(', ')}`;

export const nullable =
  (check: Check): Check =>
  (value, path) =>
    value === null ? undefined : check(value, path);
