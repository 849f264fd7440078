// Which host the page is about.
import { error } from '@sveltejs/kit';
import type { PageLoad } from './$types';

export const load: PageLoad = ({ params }) => {
  const hostId = Number(params.id);
  if (!Number.isInteger(hostId) || hostId <= 0) error(404, `No host has the number ${params.id}`);
  return { hostId };
};
