// What the form that adds a condition offers; each list of a kind has one of its own, loaded with the form.

export interface FormField<Field extends string = string> {
  name: Field;
  /** What it is called where that is not its name. */
  word?: string;
  /** What is to be typed, as an example. */
  hint?: string;
  /** Instead of typing: values and the words for them. */
  choices?: readonly (readonly [value: string, word: string])[];
  /** Values to choose from while one types. */
  offered?: readonly string[];
}

export interface FilterForm<Field extends string = string> {
  fields: readonly FormField<Field>[];
  valid(field: Field, value: string): boolean;
}
