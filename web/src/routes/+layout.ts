// Every page is drawn in the browser: the collector serves files only.
export const ssr = false;
export const prerender = false;
