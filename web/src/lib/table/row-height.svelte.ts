// How high the rows of windowed tables are, in px.
const finger = matchMedia('(pointer: coarse)');
const pointer = $state({ isFinger: finger.matches });
finger.addEventListener('change', () => (pointer.isFinger = finger.matches));

/** Of columns: as the style sheet has it for all rows, more for a finger than for a pointer. */
export function rowPx(): number {
  void pointer.isFinger;
  return parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row'));
}

/** Of two lines in the place of columns, where there is little room. */
export const cardRowPx = 52;
