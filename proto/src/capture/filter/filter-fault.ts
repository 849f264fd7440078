// What is wrong with a filter, and where.

/** `message`: what was found and what belongs there, for the person who typed it. */
export class FilterFault extends Error {
  override readonly name = 'FilterFault';
  readonly code = 'malformed';
  readonly retryable = false;
  /** Where in the text it begins, in UTF-16 units from 0; the text's length when something is missing at its end. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
