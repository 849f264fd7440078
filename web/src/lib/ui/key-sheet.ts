// Every key there is, in words, for the sheet behind `?`.

export const sheet: { title: string; keys: [string[], string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['Ctrl', 'K'], 'Find a host, process, address or page'],
      [['/'], 'Filter this page'],
      [['Space'], 'Pause or go on'],
      [['L'], 'Back to live'],
      [['G', 'F'], 'Fleet'],
      [['G', 'H'], 'A host'],
      [['G', 'C'], 'Connections'],
      [['G', 'D'], 'DNS'],
      [['G', 'M'], 'Map'],
      [['G', 'N'], 'Findings'],
      [['G', 'O'], 'Tools'],
      [['G', 'U'], 'Audit'],
      [['G', 'S'], 'Settings'],
      [['?'], 'This sheet'],
    ],
  },
  {
    title: 'Lists',
    keys: [
      [['J', 'K'], 'Next, previous row (or arrows)'],
      [['Enter'], 'Open'],
      [['X'], 'Terminate what is open: asks first'],
      [['V'], 'Look from its host: the tools, with its address'],
      [['←', '→'], 'Which cell of the row F takes'],
      [['F'], 'Filter by that cell'],
      [['Shift', 'F'], 'Leave out what is like it'],
      [['Esc'], 'Close, then clear the filter'],
    ],
  },
  {
    title: 'Findings',
    keys: [
      [['A'], 'Acknowledge what is selected, or open'],
      [['R'], 'Resolve it'],
      [['M'], 'Mute it, or all like it by a rule'],
      [['N'], 'Make it new again'],
      [['X'], 'Select it together with others'],
      [['O', 'Enter'], 'Into the details'],
      [['Z'], 'Take back what was done last'],
    ],
  },
  {
    title: 'Time',
    keys: [
      [['T'], 'Go to a time'],
      [[',', '.'], 'A step back, a step on'],
      [['['], 'Begin a span at the time shown'],
      [[']'], 'End it at the time shown'],
      [['wheel'], 'Over the track: how far back it reaches'],
    ],
  },
  {
    title: 'Host',
    keys: [
      [['1', '…', '5'], 'Connections, processes, interfaces, applications, DNS'],
      [[',', '.'], 'While live: step through the chart'],
    ],
  },
  {
    title: 'What to find may begin with',
    keys: [
      [['host:'], 'Only hosts'],
      [['process:'], 'Connections of a process, on all hosts'],
      [['addr:'], 'Connections with an address or network'],
      [['name:'], 'DNS questions for a name'],
      [['at'], 'A time: at 14:05, at 10 min ago'],
    ],
  },
];
