// Conditions of a filter: how they stand in the address and in a question to the collector, and what one does to the others.

export interface Condition<Field extends string = string> {
  field: Field;
  value: string;
  exclude: boolean;
}

/** `!` excludes; `=` takes what follows as it is, for a value that begins with either. */
const textOf = ({ value, exclude }: Pick<Condition, 'value' | 'exclude'>): string =>
  `${exclude ? '!' : ''}${/^[!=]/.test(value) ? '=' : ''}${value}`;

/** A value as a link's parameter asks for it. */
export const exactly = (value: string): string => textOf({ value, exclude: false });

/** The conditions in an address such as `process=nginx&state=!time-wait`; values that mean nothing for their field are left out. */
export function parseConditions<Field extends string>(
  parameters: Pick<URLSearchParams, 'getAll'>,
  fields: readonly Field[],
  valid: (field: Field, value: string) => boolean,
): Condition<Field>[] {
  return fields.flatMap((field) =>
    parameters.getAll(field).flatMap((text): Condition<Field>[] => {
      const [, not, value = ''] = /^(!)?=?(.*)$/s.exec(text)!;
      return valid(field, value) ? [{ field, value, exclude: not !== undefined }] : [];
    }),
  );
}

/** The parameters of the address for these conditions, each field with all its values; none takes a field out of it. */
export const conditionParameters = <Field extends string>(
  conditions: readonly Condition<Field>[],
  fields: readonly Field[],
): Record<Field, string[]> =>
  Object.fromEntries(
    fields.map((field) => [field, conditions.filter((one) => one.field === field).map(textOf)]),
  ) as Record<Field, string[]>;

/** One value of a parameter that takes several: commas part them, a backslash takes the character after it as it is. */
export const listItem = (condition: Pick<Condition, 'value' | 'exclude'>): string =>
  textOf(condition).replace(/[,\\]/g, '\\$&');

const same = (a: Pick<Condition, 'field' | 'value'>, b: Pick<Condition, 'field' | 'value'>) =>
  a.field === b.field && a.value === b.value;

export const withoutCondition = <Field extends string>(
  conditions: readonly Condition<Field>[],
  removed: Pick<Condition<Field>, 'field' | 'value'>,
): Condition<Field>[] => conditions.filter((one) => !same(one, removed));

/** One that is there already, either way round, gives way. */
export const withCondition = <Field extends string>(
  conditions: readonly Condition<Field>[],
  added: Condition<Field>,
): Condition<Field>[] => [...withoutCondition(conditions, added), added];

/** Whether the filter asks for just this value. */
export const asksFor = (conditions: readonly Condition[], wanted: Pick<Condition, 'field' | 'value'>): boolean =>
  conditions.some((one) => same(one, wanted) && !one.exclude);
