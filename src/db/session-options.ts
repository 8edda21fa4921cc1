/**
 * Options of every session of ours. A generic plan is as good as one for the given parameters, and is made
 * once; and compiling a plan (JIT, on in a stock Postgres) costs more than any of our statements (S12).
 */
const ours: Readonly<Record<string, string>> = { plan_cache_mode: 'force_generic_plan', jit: 'off' };

const inUrl = /([?&])options=([^&]*)(&|$)/;

/**
 * The address of a database without `options`, and the options for the session: ours, then those of the
 * address. If they stayed in the address they would replace ours.
 */
export function sessionOptions(url: string | undefined): { url: string | undefined; options: string } {
  const own = Object.entries(ours).map(([name, value]) => `-c ${name}=${value}`);
  const [found, before = '', given = '', after = ''] = inUrl.exec(url ?? '') ?? [];
  if (url === undefined || found === undefined) return { url, options: own.join(' ') };
  const rest = url.replace(inUrl, after === '' ? '' : before);
  return { url: rest, options: [...own, decodeURIComponent(given.replaceAll('+', ' '))].join(' ') };
}
