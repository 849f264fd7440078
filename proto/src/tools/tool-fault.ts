// What is wrong with a tool's parameters or with what it said.

/** `message` names the member and what is required of it, for a person. */
export class ToolFault extends Error {
  override readonly name = 'ToolFault';
  readonly code = 'malformed';
  readonly retryable = false;
}
