// Every key there is, in words.

/** Every shortcut there is, for the sheet behind `?`. */
export const sheet: { title: string; keys: [string[], string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['Ctrl', 'K'], 'Find a host or page'],
      [['/'], 'Filter this page'],
      [['Space'], 'Pause or go on'],
      [['L'], 'Back to live'],
      [['G', 'F'], 'Fleet'],
      [['G', 'C'], 'Connections'],
      [['?'], 'This sheet'],
    ],
  },
  {
    title: 'Lists',
    keys: [
      [['J', 'K'], 'Next, previous row (or arrows)'],
      [['Enter'], 'Open'],
      [['←', '→'], 'Which cell of the row F takes'],
      [['F'], 'Filter by that cell'],
      [['Shift', 'F'], 'Leave out what is like it'],
      [['Esc'], 'Close, then clear the filter'],
    ],
  },
  {
    title: 'Host',
    keys: [
      [['1', '2', '3', '4'], 'Connections, processes, interfaces, applications'],
      [[',', '.'], 'Step through the chart'],
    ],
  },
  {
    title: 'Time, on hosts and connections',
    keys: [
      [['T'], 'Go to a time'],
      [['L'], 'Back to live'],
      [[',', '.'], 'A step back, a step on'],
    ],
  },
];
