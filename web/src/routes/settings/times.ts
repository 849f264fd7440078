// Days and times of what happened to accounts and tokens, in the viewer's zone.

const format = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

export const dayAndTime = (iso: string | null): string => (iso === null ? '–' : format.format(new Date(iso)));
